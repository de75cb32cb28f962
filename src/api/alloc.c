/* SPDX-License-Identifier: MIT
 *
 * Alloc, on the default region or any other: from the cache of the calling thread, or from the
 * heap. */
#include <errno.h>

#include "heap/fast.h"
#include "region/caches.h"
#include "region/full.h"
#include "region/hook.h"

/* Allocates the general way, which settles, recovers, and reports failure. */
static __attribute__((__noinline__)) void *alloc_generally(Link *links, size_t units)
{
    Region *region = region_of((Mem_Region *)(void *)links);
    Operation operation;
    Pos block;

    operation_begin(&operation, region);
    block = full_take_block(&operation, (Take){.units = units});
    region->more_allocs += block == 0;
    return operation_end_with_block(&operation, block);
}

/* Allocates from a heap that fast.h does not serve: its units have another size, or it is recorded. */
static __attribute__((__noinline__)) void *alloc_unserved(Link *links, size_t size)
{
    Region *region = region_of((Mem_Region *)(void *)links);
    HookCall call = {.size = size, .caller = __builtin_return_address(0)};
    Operation operation;
    Pos block;

    operation_begin(&operation, region);
    block = full_take_block(&operation, (Take){.units = heap_units(operation.heap, size)});
    region->more_allocs += block == 0;
    hook_alloc(region, call, block == 0 ? NULL : heap_address(operation.heap, block));
    return operation_end_with_block(&operation, block);
}

static void *take_nothing(Link *links, size_t units)
{
    (void)links;
    (void)units;
    return NULL;
}

static __attribute__((__noinline__)) void *alloc_locked(Link *links, size_t units)
{
    Region *region = region_of((Mem_Region *)(void *)links);
    bool locked = region_lock(region);
    size_t exact = fast_take_exact(links, units);
    void *block = exact != 0 ? &links[exact] : fast_take_other(links, units, take_nothing);

    region_unlock(region, locked);
    return LIKELY(block != NULL) ? block : alloc_generally(links, units);
}

/* Allocates if no list has a block of exactly `units` units. If the region's units are of another
 * size, or 0 bytes have wrapped around, `units` is not valid. */
static __attribute__((__noinline__)) void *alloc_other(Link *links, size_t units, size_t size)
{
    if (UNLIKELY(fast_heap(links)->fast_classes == 0) || UNLIKELY(units > SIZE_MAX / UNIT_BYTES)) {
        return alloc_unserved(links, size);
    }
    return lock_is_needless() ? fast_take_other(links, units, alloc_generally)
                              : alloc_locked(links, units);
}

/* Allocates from the heap. Rarer cases are tail calls, so this needs no stack frame. */
static __attribute__((__noinline__)) void *alloc_from_heap(Link *links, size_t units, size_t size)
{
    size_t block = LIKELY(lock_is_needless()) ? fast_take_exact(links, units) : 0;

    return LIKELY(block != 0) ? &links[block] : alloc_other(links, units, size);
}

/* Allocates if the stack of the class is empty. */
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
