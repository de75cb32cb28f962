/* SPDX-License-Identifier: MIT
 *
 * Calls that look at a region and change nothing. */
#include <errno.h>

#include "caches.h"
#include "pages.h"

int Mem_RegionCheck(Mem_Region *handle)
{
    return Mem_RegionCheckReport(handle, NULL, 0);
}

int Mem_RegionCheckReport(Mem_Region *handle, char *message, size_t size)
{
    Region *region;
    Operation operation;
    bool sound;

    if (message != NULL && size != 0) {
        message[0] = '\0';
    }
    region = region_wanted(handle);
    if (region == NULL) {
        return -1;
    }
    operation_begin_look(&operation, region);
    sound = heap_check(&region->heap, message, size) && caches_check(region, message, size);
    if (!sound && !heap_map_holds(&region->heap)) {
        region_break(region);
    }
    operation_end_look(&operation);
    if (!sound) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    return 0;
}

/* Bytes of a region that are address space only. */
static size_t guard_bytes(const Region *region)
{
    const Heap *heap = &region->heap;

    return region->mapped ? heap_bytes(heap, heap->first - heap->heads) + 2 * pages_size() : 0;
}

void region_stats(Region *region, Mem_Stats *stats)
{
    Heap *heap = &region->heap;
    ViewTotals totals = caches_totals(region);
    CachesCounts counts = caches_counts(region, &totals);
    size_t capacity = region_capacity(region);
    size_t in_use = heap_in_use(heap) - totals.span_units + totals.live_units;

    *stats = (Mem_Stats){
        .capacity = capacity,
        .bytes_in_use = heap_bytes(heap, in_use),
        .bytes_free = capacity - heap_bytes(heap, in_use),
        .peak_in_use = heap_bytes(heap, heap->peak),
        .largest_free = heap_bytes(heap, totals.largest_free),
        .blocks_in_use = heap_used_blocks(heap) - totals.spans + totals.live_blocks,
        .blocks_free = totals.free_runs,
        .bookkeeping = region->total - guard_bytes(region) - capacity,
        .allocs = heap->taken + region->more_allocs + counts.allocs,
        .callocs = region->callocs + counts.callocs,
        .reallocs = region->reallocs + counts.reallocs,
        .aligned_allocs = region->aligned_allocs + counts.aligned_allocs,
        .frees = heap->given + region->more_frees + counts.frees,
        .failures = region->failures,
        .misuses = region->misuses,
    };
}

int Mem_RegionGetStats(Mem_Region *handle, Mem_Stats *stats)
{
    Region *region;
    Operation operation;
    bool broken;

    region = region_wanted(handle);
    if (region == NULL) {
        return -1;
    }
    if (stats == NULL) {
        errno = EINVAL;
        return -1;
    }
    operation_begin_look(&operation, region);
    broken = region->heap.broken;
    if (!broken) {
        region_stats(region, stats);
    }
    operation_end_look(&operation);
    if (broken) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    return 0;
}
