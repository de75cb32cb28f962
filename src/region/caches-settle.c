/* SPDX-License-Identifier: MIT */
#include "region/caches.h"

#include <string.h>

enum {
    /* Calls on the heap, for each dissolved span, until spans are taken again. */
    PAUSE_A_SPAN = 128
};

/* Cuts a span into blocks of the heap, and gives back the runs between the program's blocks. */
static void dissolve(Operation *operation, const Granules *granules, size_t first, SpanShape shape)
{
    Heap *heap = operation->heap;
    size_t at = granule_start(first);
    size_t pieces = span_cut(granules, heap, first, shape);

    operation->region->more_allocs -= pieces - 1;
    for (size_t next; pieces != 0; pieces--, at = next) {
        next = at + map_length(heap_map(heap), at);
        if (live_test(granules->live, at)) {
            live_clear(granules->live, at);
            region_caches(operation->region)->dissolved++;
        } else {
            operation_give(operation, (Pos)at);
            operation->region->more_frees--;
        }
    }
}

static void forget_all(Region *region)
{
    Pool *pool = region_pool(region);

    for (unsigned owner = 1; owner <= pool->owners; owner++) {
        cache_forget_all(pool_cache(pool, owner));
    }
}

bool caches_settle(Operation *operation)
{
    Region *region = operation->region;
    Caches *caches = region_caches(region);
    Granules granules;
    SpanShape shape;

    if (!region_is_cached(region) || caches->spans == 0 || region->heap.broken) {
        return false;
    }
    granules = region_granules(region);
    region_hide_caches(region);
    forget_all(region);
    for (size_t at = granule_of(region->heap.first);
         span_next(&granules, &at, view_granules(&region->heap), &shape); at += shape.granules) {
        dissolve(operation, &granules, at, shape);
        granules.listed[at] = granules.posted[at] = 0;
    }
    region_show_caches(region);
    caches->settlings++;
    caches->resume = region->heap.taken + region->heap.given + caches->spans * PAUSE_A_SPAN;
    caches->spans = 0;
    return true;
}

Pos caches_take_block(Operation *operation, Take take)
{
    Pos block = operation_take(operation, take);

    /* Settling cannot help if not even an empty region has room. */
    if (block == 0 && heap_could_take(operation->heap, take.alignment, take.units) &&
        caches_settle(operation)) {
        block = operation_take(operation, take);
    }
    return block;
}

Pos caches_find_block(Operation *operation, const void *pointer)
{
    Pos block = heap_block(operation->heap, pointer);

    return block != 0 && !operation->heap->broken && region_tag(operation->region, block) == 0
               ? block
               : 0;
}

void caches_reset(Region *region)
{
    Granules granules;
    size_t count;

    if (!region_is_cached(region)) {
        return;
    }
    granules = region_granules(region);
    count = granule_of(region->heap.clean) + 1; /* granules that were ever in use */
    region_caches(region)->dissolved += caches_totals(region).live_blocks;
    forget_all(region);
    memset(granules.live, 0, count * GRANULE_UNITS / 8);
    memset(granules.remote, 0, count * GRANULE_UNITS / 8);
    memset(granules.tags, 0, count * sizeof *granules.tags);
    memset(granules.offsets, 0, count * sizeof *granules.offsets);
    memset(granules.listed, 0, count * sizeof *granules.listed);
    memset(granules.posted, 0, count * sizeof *granules.posted);
    region_caches(region)->resume = region_caches(region)->reclaim_at = 0;
    region_caches(region)->spans = 0;
}
