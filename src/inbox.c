/* SPDX-License-Identifier: MIT */
#include "inbox.h"

/* Puts a span into an inbox, if it is in none. */
static void post(Cache *owner, size_t span)
{
    Pos *next = &owner->granules.posted[span];
    Pos none = 0;
    Pos first;

    if (__atomic_load_n(next, __ATOMIC_RELAXED) != 0 ||
        !__atomic_compare_exchange_n(next, &none, GRANULE_LAST, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED)) {
        return;
    }
    first = __atomic_load_n(&owner->inbox, __ATOMIC_RELAXED);
    do {
        __atomic_store_n(next, first == 0 ? GRANULE_LAST : first, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&owner->inbox, &first, (Pos)span, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
}

CacheFreed inbox_free(Cache *owner, size_t block)
{
    const Granules *granules = &owner->granules;
    unsigned char bit = (unsigned char)(1U << block % 8);

    if (!live_test(granules->live, block)) {
        return CACHE_TWICE;
    }
    if (!__atomic_load_n(&owner->watched, __ATOMIC_ACQUIRE)) {
        return CACHE_LONGER;
    }
    if ((__atomic_fetch_or(&granules->remote[block / 8], bit, __ATOMIC_SEQ_CST) & bit) != 0) {
        return CACHE_TWICE;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!live_test(granules->live, block)) {
        return CACHE_MET;
    }
    post(owner, granule_first(granules, block));
    return CACHE_FREED;
}

CacheFreed inbox_decide(const Granules *granules, Cache *owner, size_t block)
{
    if (!granule_is_freed(granules, block)) {
        return CACHE_FREED; /* the other one was told that it was second */
    }
    if (owner != NULL && live_test(granules->live, block)) { /* allocated anew meanwhile */
        owner->watched = true;
        post(owner, granule_first(granules, block));
        return CACHE_FREED;
    }
    granule_take_freed(granules, block);
    return CACHE_TWICE;
}

/* Takes a span out of an inbox. Others only put some in, so that the next one stays what it is. */
static Pos take_posted(Cache *cache)
{
    Pos span = __atomic_load_n(&cache->inbox, __ATOMIC_ACQUIRE);
    Pos next;

    do {
        if (span == 0) {
            return 0;
        }
        next = __atomic_load_n(&cache->granules.posted[span], __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&cache->inbox, &span, next == GRANULE_LAST ? 0 : next,
                                          false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
    __atomic_store_n(&cache->granules.posted[span], 0, __ATOMIC_RELAXED);
    /* Who sets a remote bit that is not seen below sees that the span is to be posted again. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return span;
}

void inbox_collect(Cache *cache, size_t most)
{
    Pos span;

    while (most-- != 0 && (span = take_posted(cache)) != 0) {
        size_t number = tag_class(granule_tag(cache->granules.tags, granule_start(span)));

        span_collect(&cache->granules, span, span_shape(&cache->granules, number));
        cache_loosen(cache, granule_start(span));
        cache->quiet = 0;
    }
}
