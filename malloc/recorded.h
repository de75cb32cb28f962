/* SPDX-License-Identifier: MIT
 *
 * Calls that find no region in the short ways: there is none yet, or they are recorded. They go to the region's general
 * functions, which use the thread's cache, so a recorded program keeps its layout. */
#ifndef MEM_MALLOC_RECORDED_H
#define MEM_MALLOC_RECORDED_H

#include <stddef.h>

/* Do what path_alloc() and the others do. caller: the return address of the program's call. */
void *recorded_alloc(size_t size, const void *caller);
void *recorded_alloc_aligned(size_t alignment, size_t size, const void *caller);
void *recorded_calloc(size_t count, size_t size, const void *caller);
void *recorded_resize(void *pointer, size_t size, const void *caller);
void recorded_free(void *pointer, const void *caller);

#endif
