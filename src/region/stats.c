/* SPDX-License-Identifier: MIT */
#include "region/stats.h"

#include "os/pages.h"
#include "region/caches.h"

/* Returns the bytes of a region that are address space only. */
static size_t guard_bytes(const Region *region)
{
    const Heap *heap = &region->heap;

    return region->mapped ? heap_bytes(heap, heap->first - heap->heads) + 2 * pages_size() : 0;
}

uint64_t stats_fragmentation(uint64_t bytes_free, uint64_t largest_free)
{
    uint64_t rest = largest_free < bytes_free ? bytes_free - largest_free : 0;

    while (bytes_free > UINT64_MAX / (STATS_MILLION + 1)) {
        bytes_free /= 2;
        rest /= 2;
    }
    return bytes_free == 0 ? 0 : (rest * STATS_MILLION + bytes_free - 1) / bytes_free;
}

void stats_read(Region *region, Mem_Stats *stats)
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
        .fragmentation = stats_fragmentation(capacity - heap_bytes(heap, in_use),
                                             heap_bytes(heap, totals.largest_free)),
    };
}

void stats_count(Region *region, Mem_Stats *stats)
{
    const Heap *heap = &region->heap;
    CachesCounts counts = caches_counts(region, NULL);
    size_t capacity = region_capacity(region);

    *stats = (Mem_Stats){
        .capacity = capacity,
        .peak_in_use = heap_bytes(heap, heap->peak),
        .bookkeeping = region->total - guard_bytes(region) - capacity,
        .allocs = heap->taken + region->more_allocs + counts.allocs,
        .callocs = region->callocs + counts.callocs,
        .reallocs = region->reallocs + counts.reallocs,
        .aligned_allocs = region->aligned_allocs + counts.aligned_allocs,
        .failures = region->failures,
        .misuses = region->misuses,
    };
}
