/* SPDX-License-Identifier: MIT
 *
 * The way from malloc() and free() to the heap; no other file knows it. */
#ifndef MEM_MALLOC_PATH_H
#define MEM_MALLOC_PATH_H

#include <errno.h>

#include "base/bits.h"
#include "heap/fast.h"
#include "mem.h"
#include "region/caches.h"
#include "start.h"
#include "trim.h"

/* Returns the region, or NULL with ENOMEM. */
Mem_Region *path_region(void);

/* Serve the calls that the stacks of caches cannot. */
void *path_alloc_slowly(size_t size);
void path_free_slowly(void *pointer);

/* Returns the units of a request; 0, for which no stack has a block, for 0 bytes and for far too
 * many. */
static ALWAYS_INLINE size_t path_units(size_t size)
{
    return (size + (UNIT_BYTES - 1)) / UNIT_BYTES;
}

/* Returns a block of at least size bytes, or NULL with ENOMEM. */
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
    /* There is a region, and this thread has seen it: it has a cache. */
    return (Link *)(void *)start_region + block;
}

/* Frees a block; does nothing for NULL. Keeps errno, except after a misuse. */
static ALWAYS_INLINE void path_free(void *pointer)
{
    Mem_Region *handle = start_peek();
    size_t block = fast_position((Link *)(void *)handle, pointer); /* for NULL, beyond any end */

    if (UNLIKELY(caches_push(region_of(handle), pointer, block) != CACHE_FREED)) {
        path_free_slowly(pointer);
    }
}

/* Returns a block at a multiple of alignment, a power of two; or NULL with ENOMEM. */
void *path_alloc_aligned(size_t alignment, size_t size);

/* Returns a block filled with zeros, or NULL with ENOMEM. */
void *path_calloc(size_t count, size_t size);

/* Resizes a block, which is not NULL. Returns its address, or NULL with ENOMEM. */
void *path_resize(void *pointer, size_t size);

/* Returns the usable bytes of a block; 0 for a pointer to none. Keeps errno. */
size_t path_size(const void *pointer);

#endif
