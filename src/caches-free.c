/* SPDX-License-Identifier: MIT */
#include "caches.h"

#include "inbox.h"

/* Frees a block of whichever cache it is, while that stays so: own: the caller's cache, or NULL. */
static CacheFreed free_in(Region *region, Cache *own, size_t block)
{
    CacheFreed freed = CACHE_ELSEWHERE;
    unsigned tag;

    while (freed == CACHE_ELSEWHERE && (tag = region_tag(region, block)) != 0) {
        Cache *owner = pool_cache(region_pool(region), tag_owner(tag));

        freed = owner == own ? cache_free(own, block) : inbox_free(owner, block);
    }
    return freed;
}

/* Has the owner of a block's span look for what other threads free. */
static void watch(Region *region, size_t block)
{
    unsigned tag = region_tag(region, block);

    if (tag != 0) {
        region_hide_caches(region);
        pool_cache(region_pool(region), tag_owner(tag))->watched = true;
        region_show_caches(region);
    }
}

/* Frees a block with the region locked: for a thread that has no cache, or may not use it now, and where its owner is not
 * watched yet. */
static CacheFreed free_locked(Region *region, size_t block)
{
    size_t slot = region_slot(region);
    Operation operation;
    CacheFreed freed;

    operation_begin(&operation, region);
    do {
        freed = region->heap.broken ? CACHE_ELSEWHERE : free_in(region, thread_self->owned[slot], block);
        if (freed == CACHE_LONGER) {
            watch(region, block);
        }
    } while (freed == CACHE_LONGER);
    operation_end(&operation);
    return freed;
}

CacheFreed caches_free(Region *region, size_t block)
{
    unsigned tag = region_tag(region, block);
    CacheFreed freed;
    bool was_full;
    Cache *cache;

    if (tag == 0) {
        return CACHE_ELSEWHERE;
    }
    cache = thread_take_own(region_slot(region));
    if (cache == NULL) {
        thread_release_own();
        caches_note_call(region);
        return free_locked(region, block);
    }
    freed = free_in(region, cache, block);
    was_full = cache->was_full;
    cache->was_full = false;
    thread_release_own();
    if (was_full) {
        caches_drop_empty(region, cache, tag_class(tag));
    }
    return freed == CACHE_LONGER ? free_locked(region, block) : freed;
}

bool caches_find(Region *region, size_t block, size_t *units)
{
    unsigned tag = region_tag(region, block);
    Granules granules;

    *units = 0;
    if (tag == 0) {
        return false;
    }
    granules = region_granules(region);
    if (granule_has_block(&granules, block)) {
        *units = sizes_units(tag_class(tag));
    }
    return true;
}
