/* SPDX-License-Identifier: MIT
 *
 * Pages from the operating system. On failure, functions set errno as the system call did, except
 * where they are said to keep it. */
#ifndef MEM_SRC_PAGES_H
#define MEM_SRC_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the size of a page in bytes. */
size_t pages_size(void);

/* Maps memory filled with zeros; protection and flags as for mmap(2). Returns NULL if the system
 * refuses. */
void *pages_map(size_t size, int protection, int flags);

/* Changes the protection of whole pages, as mprotect(2). Returns false if the system refuses. */
bool pages_protect(void *memory, size_t size, int protection);

/* Writes a 0 to the first byte of each page, which makes the pages resident. */
void pages_touch(char *memory, size_t size);

/* Locks pages into memory, as mlock(2), and unlocks them. pages_lock returns false if the system
 * refuses; pages_unlock keeps errno. */
bool pages_lock(void *memory, size_t size);
void pages_unlock(void *memory, size_t size);

/* Asks for huge pages. Kernels without them refuse. Keeps errno. */
void pages_want_huge(void *memory, size_t size);

/* Excludes whole pages from core files. Keeps errno. */
void pages_leave_out(void *memory, size_t size);

/* Includes whole pages in core files again. Keeps errno. */
void pages_take_in(void *memory, size_t size);

/* Makes whole pages readable and writable. Returns false if the system has no memory for them.
 * Keeps errno. */
bool pages_open(void *memory, size_t size);

/* Maps memory for temporary use. Returns NULL if the system refuses. Keeps errno. */
void *pages_map_for_now(size_t size);

/* Unmaps what pages_map or pages_map_for_now returned. */
void pages_unmap(void *memory, size_t size);

/* Gives whole pages of a mapping back to the system. They read as 0 afterwards. Returns whether the
 * system took them. Keeps errno. */
bool pages_release(void *memory, size_t size);

/* Makes whole writable pages resident, with their contents. Returns false if the system can't, or
 * has no memory for them. Keeps errno. */
bool pages_populate(void *memory, size_t size);

#endif
