/* SPDX-License-Identifier: MIT
 *
 * Calloc and AlignedAlloc. */
#include <errno.h>
#include <string.h>

#include "cached.h"
#include "operations.h"

/* Clears a block that was just taken, up to what is clean since the region was mapped. touched:
 * from where on all was clean before it was taken. */
static void clear(Heap *heap, Pos block, size_t size, Pos touched)
{
    size_t dirty = size;

    if (touched <= block) {
        return;
    }
    if (heap_bytes(heap, touched - block) < dirty) {
        dirty = heap_bytes(heap, touched - block);
    }
    memset(heap_address(heap, block), 0, dirty);
}

/* A block from a magazine, or NULL. */
static void *calloc_cached(Region *region, size_t bytes)
{
    Link *links = (Link *)(void *)region_handle(region);
    size_t units = fast_units(links, bytes);
    size_t block = cached_alloc(region, units);

    if (block == 0) {
        return NULL;
    }
    cached_count(region, (CacheCounts){.callocs = 1});
    return memset(&links[block], 0, units * UNIT_BYTES);
}

void *Mem_RegionCalloc(Mem_Region *handle, size_t count, size_t size)
{
    Region *region;
    Operation operation;
    size_t bytes, units;
    bool fits = !__builtin_mul_overflow(count, size, &bytes);
    Pos block = 0;
    Pos touched;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    if (region_is_cached(region) && fits) {
        void *cached = calloc_cached(region, bytes);

        if (cached != NULL) {
            return cached;
        }
    }
    operation_begin(&operation, region);
    region->callocs++;
    touched = operation.heap->clean;
    if (fits) {
        units = heap_units(operation.heap, bytes);
        block = operation_take(&operation, units);
        if (block != 0) {
            region->more_allocs--;
            /* Not while the region is locked: the block is the caller's already. */
            operation_pause(&operation, block);
            clear(operation.heap, block, heap_bytes(operation.heap, units), touched);
            operation_resume(&operation);
        }
    }
    return operation_end_with_block(&operation, block);
}

void *Mem_RegionAlignedAlloc(Mem_Region *handle, size_t alignment, size_t size)
{
    Region *region;
    Operation operation;
    size_t units;
    Pos block;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    operation_begin(&operation, region);
    region->aligned_allocs++;
    if (!bits_is_power_of_two(alignment)) {
        operation_end(&operation);
        errno = EINVAL;
        return NULL;
    }
    units = heap_units(operation.heap, size);
    block = operation_take_aligned(&operation, alignment, units);
    region->more_allocs -= block != 0;
    return operation_end_with_block(&operation, block);
}
