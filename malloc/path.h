/* SPDX-License-Identifier: MIT
 *
 * The way from malloc() and free() to the heap; no other file knows it. */
#ifndef MEM_MALLOC_PATH_H
#define MEM_MALLOC_PATH_H

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "heap/fast.h"
#include "mem.h"
#include "recorded.h"
#include "region/caches.h"
#include "start.h"
#include "trim.h"

/* The return address of the program's call, in a function inlined into the called one. */
#define PATH_CALLER __builtin_return_address(0)

/* Bytes up to which calloc() takes a block the short way and clears it, whatever it held. */
enum { PATH_CLEARED = 1024 };

/* Returns the region, or NULL with ENOMEM. */
Mem_Region *path_region(void);

/* Serve the calls that the stacks of caches cannot. caller: where the program's call returns to. */
void *path_alloc_slowly(size_t size, const void *caller);
void *path_calloc_slowly(size_t count, size_t size, const void *caller);
void path_free_slowly(void *pointer, const void *caller);

/* Do so in the region. */
void *path_alloc_in(Mem_Region *region, size_t size);
void *path_alloc_aligned_in(Mem_Region *region, size_t alignment, size_t size);
void *path_calloc_in(Mem_Region *region, size_t count, size_t size);
void *path_resize_in(Mem_Region *region, void *pointer, size_t size);
void path_free_in(Mem_Region *region, void *pointer);

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
        return path_alloc_slowly(size, PATH_CALLER);
    }
    block = caches_pop_slot(START_SLOT, units);
    if (UNLIKELY(block == 0)) {
        return path_alloc_slowly(size, PATH_CALLER);
    }
    /* There is a region, and this thread has seen it: it has a cache. */
    return (Link *)(void *)start_region + block;
}

/* Returns a block filled with zeros, or NULL with ENOMEM. */
static ALWAYS_INLINE void *path_calloc(size_t count, size_t size)
{
    size_t bytes, block;

    if (__builtin_mul_overflow(count, size, &bytes) || UNLIKELY(bytes > PATH_CLEARED)) {
        return path_calloc_slowly(count, size, PATH_CALLER);
    }
    block = caches_pop_slot(START_SLOT, path_units(bytes));
    if (UNLIKELY(block == 0)) {
        return path_calloc_slowly(count, size, PATH_CALLER);
    }
    return memset((Link *)(void *)start_region + block, 0, bytes);
}

/* Frees a block; does nothing for NULL. Keeps errno, except after a misuse. */
static ALWAYS_INLINE void path_free(void *pointer)
{
    Mem_Region *handle = start_peek();
    size_t block = fast_position((Link *)(void *)handle, pointer); /* for NULL, beyond any end */

    if (UNLIKELY(caches_push_slot(START_SLOT, pointer, block) != CACHE_FREED)) {
        path_free_slowly(pointer, PATH_CALLER);
    }
}

/* Returns a block at a multiple of alignment, a power of two; or NULL with ENOMEM. */
static ALWAYS_INLINE void *path_alloc_aligned(size_t alignment, size_t size)
{
    Mem_Region *region;

    if (alignment <= UNIT_BYTES && bits_is_power_of_two(alignment)) { /* as every block is */
        return path_alloc(size);
    }
    region = start_get_short();
    return UNLIKELY(region == NULL) ? recorded_alloc_aligned(alignment, size, PATH_CALLER)
                                    : path_alloc_aligned_in(region, alignment, size);
}

/* Resizes a block, which is not NULL. Returns its address, or NULL with ENOMEM. */
static ALWAYS_INLINE void *path_resize(void *pointer, size_t size)
{
    Mem_Region *region = start_get_short();

    return UNLIKELY(region == NULL) ? recorded_resize(pointer, size, PATH_CALLER)
                                    : path_resize_in(region, pointer, size);
}

/* Returns the usable bytes of a block; 0 for a pointer to none. Keeps errno. */
size_t path_size(const void *pointer);

#endif
