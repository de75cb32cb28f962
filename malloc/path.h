/* SPDX-License-Identifier: MIT
 *
 * The way from malloc() and free() to the heap, and the only place that knows it. */
#ifndef MEM_MALLOC_PATH_H
#define MEM_MALLOC_PATH_H

#include <errno.h>

#include "bits.h"
#include "mem.h"
#include "start.h"
#include "trim.h"

/* The region, or NULL and ENOMEM. */
static ALWAYS_INLINE Mem_Region *path_region(void)
{
    Mem_Region *region = __atomic_load_n(&start_region, __ATOMIC_ACQUIRE);

    return LIKELY(region != NULL) ? region : start_make_region();
}

/* The first block of all, and large ones. */
void *path_alloc_slowly(size_t size);

/* A block of at least size bytes, or NULL and ENOMEM. */
static ALWAYS_INLINE void *path_alloc(size_t size)
{
    Mem_Region *region = __atomic_load_n(&start_region, __ATOMIC_ACQUIRE);

    if (UNLIKELY(region == NULL) || UNLIKELY(size >= TRIM_BLOCK)) {
        return path_alloc_slowly(size);
    }
    return Mem_RegionAlloc(region, size);
}

/* Frees a block, or does nothing for NULL. Leaves errno alone, unless it is a misuse. */
static ALWAYS_INLINE void path_free(void *pointer)
{
    Mem_Region *region;

    if (UNLIKELY(pointer == NULL)) {
        return;
    }
    region = path_region();
    if (UNLIKELY(region == NULL)) {
        return; /* nothing was ever handed out */
    }
    Mem_RegionFree(region, pointer);
    if (trim_is_worth_a_look(region)) {
        trim_look(region);
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
