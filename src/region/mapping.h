/* SPDX-License-Identifier: MIT
 *
 * The memory of a region that is a mapping of ours: its guards, and what of it is open. */
#ifndef MEM_SRC_MAPPING_H
#define MEM_SRC_MAPPING_H

#include "region/layout.h"

/* Maps the memory of a region with one mmap() and cuts its guards. flags: of Mem_Options. in_steps: the heap is
 * open up to the end of its first step (layout_open_end for LAYOUT_STEP); the rest can be read, and is not charged
 * for. Returns NULL, and sets errno, if the system refuses. */
void *mapping_create(const Layout *layout, unsigned flags, bool in_steps);

/* Keeps out of core files what of such a mapping is not open, and the guard before the heap. */
void mapping_leave_out(char *memory, const Layout *layout, bool in_steps);

#endif
