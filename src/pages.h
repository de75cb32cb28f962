/* SPDX-License-Identifier: MIT
 *
 * Pages from the operating system. All functions set errno as the system call that failed did. */
#ifndef MEM_SRC_PAGES_H
#define MEM_SRC_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "layout.h"

/* Bytes of a page. */
size_t pages_size(void);

/* Maps the memory of a region with one mmap() and cuts its guards. flags: of Mem_Options. in_steps: the heap is
 * open up to the end of its first step (layout_open_end for LAYOUT_STEP); the rest can be read, and is not charged for. Returns NULL if the system refuses. */
void *pages_map(const Layout *layout, unsigned flags, bool in_steps);

/* Keeps out of core files what of such a mapping is not open, and the guard before the heap. */
void pages_leave_out(char *memory, const Layout *layout, bool in_steps);

/* Lets them have whole pages of it again. */
void pages_take_in(void *memory, size_t size);

/* Opens more of it: whole pages. False if the system has no memory for them; errno stays as it is. */
bool pages_open(void *memory, size_t size);

/* Maps memory that is needed for a moment. Returns NULL if the system refuses; errno stays as it is. */
void *pages_map_for_now(size_t size);

/* Gives pages back; they must be what one of these returned. */
void pages_unmap(void *memory, size_t size);

/* Lets the system have whole pages of a mapping back, which are all 0 when they are next used. True
 * if it took them; errno stays as it is. */
bool pages_release(void *memory, size_t size);

/* Makes whole pages present that can be written to, with what they hold. False if the system can't, or has no
 * memory for them; errno stays as it is. */
bool pages_populate(void *memory, size_t size);

#endif
