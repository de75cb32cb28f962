/* SPDX-License-Identifier: MIT
 *
 * The way from malloc() and free() to the heap, and the only place that knows it. */
#ifndef MEM_MALLOC_PATH_H
#define MEM_MALLOC_PATH_H

#include <errno.h>

#include "bits.h"
#include "cached.h"
#include "heap-fast.h"
#include "mem.h"
#include "start.h"
#include "trim.h"

/* The region, or NULL and ENOMEM. */
static ALWAYS_INLINE Mem_Region *path_region(void)
{
    Mem_Region *region = __atomic_load_n(&start_region, __ATOMIC_ACQUIRE);

    return LIKELY(region != NULL) ? region : start_make_region();
}

/* What magazines have no block for, and what they don't take. */
void *path_alloc_slowly(size_t size);
void path_free_slowly(void *pointer);

/* A block of at least size bytes, or NULL and ENOMEM. */
static ALWAYS_INLINE void *path_alloc(size_t size)
{
    Mem_Region *region = __atomic_load_n(&start_region, __ATOMIC_ACQUIRE);
    Link *links = (Link *)(void *)region;

    if (LIKELY(region != NULL)) {
        size_t units = fast_units(links, size);

        if (LIKELY(units <= region_of(region)->cached)) {
            size_t block = cached_pop(region_of(region), units);

            if (LIKELY(block != 0)) {
                return &links[block];
            }
        }
    }
    return path_alloc_slowly(size);
}

/* Frees a block, or does nothing for NULL. Leaves errno alone, unless it is a misuse. */
static ALWAYS_INLINE void path_free(void *pointer)
{
    Mem_Region *region = __atomic_load_n(&start_region, __ATOMIC_ACQUIRE);
    Link *links = (Link *)(void *)region;

    if (LIKELY(region != NULL)) {
        size_t block = fast_position(links, pointer); /* of NULL: beyond any end */
        size_t units;

        if (LIKELY(block < region_of(region)->cached_end) &&
            LIKELY(cached_push(links, region_of(region), block, &units) == CACHED_GIVEN)) {
            return;
        }
    }
    path_free_slowly(pointer);
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
