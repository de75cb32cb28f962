/* SPDX-License-Identifier: MIT
 *
 * The way from malloc() and free() to the heap, and the only place that knows it. */
#ifndef MEM_MALLOC_PATH_H
#define MEM_MALLOC_PATH_H

#include <errno.h>

#include "base/bits.h"
#include "heap/fast.h"
#include "mem.h"
#include "region/caches.h"
#include "start.h"
#include "trim.h"

/* The region, or NULL and ENOMEM. */
Mem_Region *path_region(void);

/* What no stack has a block for, and what none takes. */
void *path_alloc_slowly(size_t size);
void path_free_slowly(void *pointer);

/* Units of a request; 0, of which no stack has a block, for 0 bytes and for far too many. */
static ALWAYS_INLINE size_t path_units(size_t size)
{
    return (size + (UNIT_BYTES - 1)) / UNIT_BYTES;
}

/* A block of at least size bytes, or NULL and ENOMEM. */
static ALWAYS_INLINE void *path_alloc(size_t size)
{
    size_t units = path_units(size);
    size_t block;

    if (UNLIKELY(units > SIZES_SMALL)) {
        return path_alloc_slowly(size);
    }
    block = caches_pop(region_of(start_region), units);
    if (UNLIKELY(block == 0)) {
        return path_alloc_slowly(size);
    }
    /* There is a region, and this thread knows it: it has a cache. */
    return (Link *)(void *)start_region + block;
}

/* Frees a block, or does nothing for NULL. Leaves errno alone, unless it is a misuse. */
static ALWAYS_INLINE void path_free(void *pointer)
{
    Mem_Region *handle = start_peek();
    size_t block = fast_position((Link *)(void *)handle, pointer); /* of NULL: beyond any end */

    if (UNLIKELY(caches_push(region_of(handle), pointer, block) != CACHE_FREED)) {
        path_free_slowly(pointer);
    }
}

/* A block at a multiple of alignment, a power of two; or NULL and ENOMEM. */
void *path_alloc_aligned(size_t alignment, size_t size);

/* A block that is all 0, or NULL and ENOMEM. */
void *path_calloc(size_t count, size_t size);

/* Another size for a block that is not NULL; or NULL and ENOMEM. */
void *path_resize(void *pointer, size_t size);

/* The usable bytes of a block; 0 for what is none. Leaves errno alone. */
size_t path_size(const void *pointer);

#endif
