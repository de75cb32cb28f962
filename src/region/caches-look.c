/* SPDX-License-Identifier: MIT */
#include "region/caches.h"

ViewTotals caches_totals(Region *region)
{
    Granules granules;

    return view_totals(region_view(region, &granules));
}

/* Derives the number of frees: each popped block was freed since, unless it is live or was in a
 * dissolved span. */
CachesCounts caches_counts(Region *region, const ViewTotals *totals)
{
    CachesCounts counts = {0};
    uint64_t pops = 0;
    uint64_t moves = 0;

    if (!region_is_cached(region)) {
        return counts;
    }
    for (unsigned owner = 1; owner <= region_pool(region)->owners; owner++) {
        const Cache *cache = pool_cache(region_pool(region), owner);

        pops += cache->pops;
        moves += cache->moves;
        counts.callocs += cache->callocs;
        counts.aligned_allocs += cache->aligned_allocs;
        counts.reallocs += cache->reallocs + cache->moves;
    }
    counts.allocs = pops - counts.callocs - counts.aligned_allocs - moves;
    if (totals != NULL) {
        counts.frees = pops - totals->live_blocks - region_caches(region)->dissolved - moves;
    }
    return counts;
}

bool caches_check(Region *region, char *message, size_t size)
{
    bool sound = true;

    if (region_is_cached(region)) {
        for (unsigned owner = 1; owner <= region_pool(region)->owners && sound; owner++) {
            sound = cache_check(pool_cache(region_pool(region), owner),
                                view_granules(&region->heap), message, size);
        }
    }
    return sound;
}
