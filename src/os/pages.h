/* SPDX-License-Identifier: MIT
 *
 * Pages from the operating system. All functions set errno as the system call that failed did. */
#ifndef MEM_SRC_PAGES_H
#define MEM_SRC_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a page. */
size_t pages_size(void);

/* Maps memory that is all 0. protection and flags: as of mmap(2). Returns NULL if the system refuses. */
void *pages_map(size_t size, int protection, int flags);

/* Says what may be done with whole pages, as mprotect(2). False if the system refuses. */
bool pages_protect(void *memory, size_t size, int protection);

/* Makes every page of some memory present by writing 0 to its first byte. */
void pages_touch(char *memory, size_t size);

/* Keeps pages in memory, as mlock(2); false if the system refuses. And ends that; errno stays as it is. */
bool pages_lock(void *memory, size_t size);
void pages_unlock(void *memory, size_t size);

/* Wishes huge pages for some memory. Kernels without them refuse; errno stays as it is. */
void pages_want_huge(void *memory, size_t size);

/* Keeps whole pages out of core files; errno stays as it is. */
void pages_leave_out(void *memory, size_t size);

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
