/* SPDX-License-Identifier: MIT */
#include "cache/inbox.h"

void inbox_post(Inbox *inbox, const Granules *granules, size_t span)
{
    Pos *next = &granules->posted[span];
    Pos none = 0;
    Pos first;

    if (__atomic_load_n(next, __ATOMIC_RELAXED) != 0 ||
        !__atomic_compare_exchange_n(next, &none, GRANULE_LAST, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED)) {
        return;
    }
    first = __atomic_load_n(&inbox->first, __ATOMIC_RELAXED);
    do {
        __atomic_store_n(next, first == 0 ? GRANULE_LAST : first, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&inbox->first, &first, (Pos)span, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
}

CacheFreed inbox_free(Inbox *inbox, unsigned owner, const Granules *granules, size_t block)
{
    LiveWord bit = live_mask(block);

    if (!live_test(granules->live, block)) {
        return CACHE_TWICE;
    }
    if (!__atomic_load_n(&inbox->watched, __ATOMIC_ACQUIRE)) {
        return CACHE_LONGER;
    }
    if ((__atomic_fetch_or(&granules->remote[block / LIVE_WORD_BITS], bit, __ATOMIC_SEQ_CST) &
         bit) != 0) {
        return CACHE_TWICE;
    }
    granule_fence_after();
    if (!live_test(granules->live, block)) {
        return CACHE_MET;
    }
    /* A thread that sees a live bit of a span sees the owner, too. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (tag_owner(granule_tag(granules->tags, block)) != owner) {
        return CACHE_MET; /* it was freed meanwhile, and allocated again from another cache */
    }
    inbox_post(inbox, granules, granule_first(granules, block));
    return CACHE_FREED;
}

CacheFreed inbox_decide(Inbox *inbox, const Granules *granules, size_t block)
{
    if (!granule_is_freed(granules, block)) {
        return CACHE_FREED; /* the other thread was told that it came second */
    }
    if (inbox != NULL && live_test(granules->live, block)) { /* allocated again meanwhile */
        inbox->watched = true;
        inbox_post(inbox, granules, granule_first(granules, block));
        return CACHE_FREED;
    }
    granule_take_freed(granules, block);
    return CACHE_TWICE;
}

/* Other threads only push, so the link of the first span stays as it is. */
Pos inbox_take(Inbox *inbox, const Granules *granules)
{
    Pos span = __atomic_load_n(&inbox->first, __ATOMIC_ACQUIRE);
    Pos next;

    do {
        if (span == 0) {
            return 0;
        }
        next = __atomic_load_n(&granules->posted[span], __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&inbox->first, &span, next == GRANULE_LAST ? 0 : next,
                                          false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
    __atomic_store_n(&granules->posted[span], 0, __ATOMIC_RELAXED);
    /* A thread whose remote bit is not seen after this fence sees that the span must be posted
     * again. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return span;
}
