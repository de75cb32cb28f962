/* SPDX-License-Identifier: MIT
 *
 * The memory of a mapped region: its guards, and its open parts. */
#ifndef MEM_SRC_MAPPING_H
#define MEM_SRC_MAPPING_H

#include "region/layout.h"

/* Maps the memory of a region with one mmap() and sets up its guards. flags: of Mem_Options.
 * in_steps: the heap is open up to the end of its first step (layout_open_end for LAYOUT_STEP); the
 * rest is read-only, and not charged. Returns NULL, and sets errno, if the system refuses. */
void *mapping_create(const Layout *layout, unsigned flags, bool in_steps);

/* Excludes the closed parts and the guard before the heap from core files. */
void mapping_leave_out(char *memory, const Layout *layout, bool in_steps);

#endif
