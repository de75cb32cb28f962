/* SPDX-License-Identifier: MIT
 *
 * Alloc, and its twin on the default region: from the cache of the calling thread, or from the heap. */
#include <errno.h>

#include "heap/fast.h"
#include "region/caches.h"

/* The general way: it settles, recovers and fails. */
static __attribute__((__noinline__)) void *alloc_generally(Link *links, size_t size)
{
    Region *region = region_of((Mem_Region *)(void *)links);
    Operation operation;
    Pos block;

    operation_begin(&operation, region);
    block = caches_take_block(&operation, (Take){.units = heap_units(&region->heap, size)});
    region->more_allocs += block == 0;
    return operation_end_with_block(&operation, block);
}

static __attribute__((__noinline__)) void *alloc_locked(Link *links, size_t units, size_t size)
{
    Region *region = region_of((Mem_Region *)(void *)links);
    bool locked = region_lock(region);
    size_t block = fast_take(links, units);

    region_unlock(region, locked);
    return LIKELY(block != 0) ? &links[block] : alloc_generally(links, size);
}

static __attribute__((__noinline__)) void *alloc_other(Link *links, size_t units, size_t size)
{
    size_t block = fast_take_other(links, units);

    return LIKELY(block != 0) ? &links[block] : alloc_generally(links, size);
}

/* What is rarer is called last, so that this needs no stack frame. */
static __attribute__((__noinline__)) void *alloc_from_heap(Link *links, size_t units, size_t size)
{
    size_t block;

    if (UNLIKELY(!lock_is_needless())) {
        return alloc_locked(links, units, size);
    }
    block = fast_take_exact(links, units);
    return LIKELY(block != 0) ? &links[block] : alloc_other(links, units, size);
}

/* The stack of the class is empty. */
static __attribute__((__noinline__)) void *alloc_slowly(Link *links, size_t units, size_t size)
{
    size_t block = caches_take(region_of((Mem_Region *)(void *)links), sizes_class(units));

    return LIKELY(block != 0) ? &links[block] : alloc_from_heap(links, units, size);
}

static ALWAYS_INLINE void *alloc(Mem_Region *handle, size_t size)
{
    Link *links = (Link *)(void *)handle;
    size_t units = fast_units(links, size);
    size_t block;

    if (units > region_of(handle)->small) {
        return units - 1 < region_largest(region_of(handle)) ? alloc_slowly(links, units, size)
                                                             : alloc_from_heap(links, units, size);
    }
    block = caches_pop(region_of(handle), units);
    if (UNLIKELY(block == 0)) {
        return alloc_slowly(links, units, size);
    }
    return &links[block];
}

static void *alloc_nowhere(void)
{
    errno = EINVAL;
    return NULL;
}

void *Mem_Alloc(size_t size)
{
    Mem_Region *region = region_get_default();

    if (UNLIKELY(region == NULL)) {
        return alloc_nowhere();
    }
    return alloc(region, size);
}

void *Mem_RegionAlloc(Mem_Region *region, size_t size)
{
    if (UNLIKELY(region == NULL)) {
        return Mem_Alloc(size);
    }
    return alloc(region, size);
}
