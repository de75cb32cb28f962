/* SPDX-License-Identifier: MIT */
#include "region/caches.h"

#include "heap/fast.h"

/* Returns the cache whose span a position lies in; NULL: it is the heap's. */
static Cache *owner_of(Region *region, size_t block)
{
    unsigned tag = region_tag(region, block);

    return tag == 0 ? NULL : pool_cache(region_pool(region), tag_owner(tag));
}

/* Frees a block in a span of any cache. own: the caller's cache, or NULL. */
static CacheFreed free_in(Region *region, Cache *own, size_t block)
{
    Cache *owner = owner_of(region, block);

    return owner == NULL ? CACHE_ELSEWHERE
           : owner == own
               ? cache_free(own, block)
               : inbox_free(&owner->inbox, tag_owner(owner->tag), &owner->granules, block);
}

/* Makes the owner of a block's span watched. The region is locked, here and below. */
static void watch(Region *region, size_t block)
{
    Cache *owner = owner_of(region, block);

    if (owner != NULL) {
        region_hide_caches(region);
        owner->inbox.watched = true;
        region_show_caches(region);
    }
}

static CacheFreed decide(Region *region, size_t block)
{
    Granules granules = region_granules(region);
    Cache *owner = owner_of(region, block);
    CacheFreed freed;

    region_hide_caches(region);
    freed = inbox_decide(owner == NULL ? NULL : &owner->inbox, &granules, block);
    region_show_caches(region);
    return freed;
}

/* Frees a block with the region locked: for a thread that has no cache or may not use it now, or to
 * finish what it began without the lock. */
static CacheFreed free_locked(Region *region, size_t block, CacheFreed freed)
{
    Cache *own = thread_self->owned[region_slot(region)];
    Operation operation;

    operation_begin(&operation, region);
    if (freed == CACHE_MET) {
        __atomic_fetch_sub(&region_caches(region)->asking, 1, __ATOMIC_RELAXED);
    }
    while (freed == CACHE_LONGER && !region->heap.broken) {
        freed = free_in(region, own, block);
        if (freed == CACHE_LONGER) {
            watch(region, block);
        }
    }
    if (freed == CACHE_MET) {
        freed = decide(region, block);
    }
    operation_end(&operation);
    return freed == CACHE_LONGER ? CACHE_ELSEWHERE : freed;
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
        return free_locked(region, block, CACHE_LONGER);
    }
    freed = free_in(region, cache, block);
    if (freed == CACHE_MET) { /* counted here, while a fork would wait */
        __atomic_fetch_add(&region_caches(region)->asking, 1, __ATOMIC_RELAXED);
    }
    was_full = cache->was_full;
    cache->was_full = false;
    thread_release_own();
    if (was_full) {
        caches_drop_empty(region, cache, tag_class(tag));
    }
    return freed == CACHE_LONGER || freed == CACHE_MET ? free_locked(region, block, freed) : freed;
}

void caches_decide_all(Region *region)
{
    Granules granules = region_granules(region);
    size_t end = granule_start(granule_of(region->heap.clean) + 1);

    if (region_caches(region)->asking == 0) {
        return;
    }
    region_caches(region)->asking = 0;
    for (size_t block = 0; block < end; block += LIVE_WORD_BITS) {
        LiveWord *remote = &granules.remote[block / LIVE_WORD_BITS];

        *remote &= granules.live[block / LIVE_WORD_BITS];
        if (*remote != 0) {
            Inbox *inbox = &owner_of(region, block)->inbox;

            inbox->watched = true;
            inbox_post(inbox, &granules, granule_first(&granules, block));
        }
    }
}

static bool find(Region *region, size_t block, size_t *units)
{
    unsigned tag = region_tag(region, block);
    Granules granules;

    if (tag == 0) {
        return false;
    }
    granules = region_granules(region);
    if (granule_has_block(&granules, block)) {
        *units = sizes_units(tag_class(tag));
    }
    return true;
}

/* The bits are valid only while the caller is busy, or holds the lock: a check changes them for a
 * while, settling for good. */
bool caches_find(Region *region, const void *pointer, size_t *units)
{
    size_t block = fast_position((const Link *)(void *)region_handle(region), pointer);
    Operation operation;
    bool has_own, found;

    *units = 0;
    if (block >= region->heap.end || region_tag(region, block) == 0) {
        return false;
    }
    has_own = thread_take_own(region_slot(region)) != NULL;
    found = has_own && find(region, block, units);
    thread_release_own();
    if (!has_own) {
        operation_begin(&operation, region);
        found = find(region, block, units);
        operation_end(&operation);
    }
    return found;
}
