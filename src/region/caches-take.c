/* SPDX-License-Identifier: MIT */
#include "region/caches.h"

enum {
    /* This part of the heap must be free for spans to be taken: less where threads would wait for
     * each other otherwise. */
    FREE_SHARE = 4,
    FREE_SHARE_ALONE = 2,
    DROPPED = 32,   /* spans to look at, and to give back, after a stack was full */
    COOLED = 4,     /* classes to look at for unused stacks and spans, and spans of each */
    /* Refills without a free by another thread, until the owner is watched no more. */
    QUIET = 4096,
    RECLAIM_GRANULES = 64, /* the peak grows by this between two looks at other caches */
    RECLAIM_SPANS = 1024   /* spans to collect and to give back in one such look */
};

/* Gives back spans that have left a cache. The counts of the region's calls leave them out. */
static void give_spans(Operation *operation, const Pos *spans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        operation_give(operation, (Pos)granule_start(spans[i]));
    }
    operation->region->more_frees -= count;
    region_caches(operation->region)->spans -= count;
}

/* Gives back empty spans of a class, looking at no more than `looks` loose ones. */
static void drop(Operation *operation, Cache *cache, size_t size_class, size_t looks)
{
    Pos spans[DROPPED];

    give_spans(operation, spans, cache_drop_empty(cache, size_class, looks, spans, DROPPED));
}

/* Looks at the next few classes: takes back stacks not used since the last look, and gives back
 * empty spans. */
static void cool(Operation *operation, Cache *cache)
{
    for (int i = 0; i < COOLED; i++) {
        drop(operation, cache, cache_cool(cache), COOLED);
    }
}

/* Returns whether spans may be taken: not while little is free, nor soon after settling. A thread
 * alone waits for no lock, so the heap serves it nearly as fast. */
static bool may_take_spans(Region *region)
{
    const Heap *heap = &region->heap;
    size_t units = heap->end - heap->first;
    size_t share = region_pool(region)->owners > 1 ? FREE_SHARE : FREE_SHARE_ALONE;

    return !heap->broken && units - heap_in_use(heap) >= units / share &&
           heap->taken + heap->given >= region_caches(region)->resume;
}

/* Collects what other threads have freed in the spans of a cache, and gives back its empty spans. A
 * bounded number; the rest must wait for the next time. */
static void reclaim(Operation *operation, Cache *cache)
{
    Pos spans[DROPPED];
    size_t dropped = 0;

    cache_collect(cache, RECLAIM_SPANS);
    for (size_t size_class = 1; size_class <= SIZES && dropped < RECLAIM_SPANS; size_class++) {
        size_t count;

        do {
            count = cache_drop_empty(cache, size_class, RECLAIM_SPANS, spans, DROPPED);
            give_spans(operation, spans, count);
            dropped += count;
        } while (count == DROPPED && dropped < RECLAIM_SPANS);
    }
}

/* Returns the owner after one, in turn. */
static unsigned next_owner(const Pool *pool, unsigned owner)
{
    return owner % pool->owners + 1;
}

/* Returns the next owner whose inbox is not empty, or 0. */
static unsigned next_with_inbox(Pool *pool, unsigned owner, const Cache *own)
{
    for (unsigned i = 0; i < pool->owners; i++) {
        Cache *cache;

        owner = next_owner(pool, owner);
        cache = pool_cache(pool, owner);
        if (cache != own && __atomic_load_n(&cache->inbox.first, __ATOMIC_RELAXED) != 0) {
            return owner;
        }
    }
    return 0;
}

/* Looks at the caches of other threads, now and then, while the heap's peak grows. */
static void reclaim_others(Operation *operation, const Cache *own)
{
    Region *region = operation->region;
    Caches *caches = region_caches(region);
    Pool *pool = region_pool(region);
    unsigned owner, more;

    if (region->heap.peak < caches->reclaim_at) {
        return;
    }
    caches->reclaim_at = region->heap.peak + RECLAIM_GRANULES * GRANULE_UNITS;
    owner = next_owner(pool, caches->reclaimed);
    if (pool_cache(pool, owner) == own) {
        owner = next_owner(pool, owner);
    }
    caches->reclaimed = owner;
    if (pool_cache(pool, owner) != own) {
        region_hide_caches(region);
        more = next_with_inbox(pool, owner, own);
        reclaim(operation, pool_cache(pool, owner));
        if (more != 0 && more != owner) {
            reclaim(operation, pool_cache(pool, more));
        }
        region_show_caches(region);
    }
}

/* Takes a span for a class, and fills the class's stack. */
static void take_span(Operation *operation, Cache *cache, size_t size_class)
{
    SpanShape shape = span_shape(&cache->granules, size_class);
    unsigned tag = cache->tag | (unsigned)size_class;
    HeapResult result;
    size_t span;

    result = span_take(&cache->granules, operation->heap, tag, shape, &span);
    if (operation_mend(operation, result)) {
        result = span_take(&cache->granules, operation->heap, tag, shape, &span);
    }
    if (result == HEAP_OK) {
        operation->region->more_allocs--;
        region_caches(operation->region)->spans++;
        cache_loosen(cache, size_class, span);
        cache_refill(cache, size_class);
    }
}

static size_t take_more(Region *region, size_t size_class)
{
    Cache *cache = thread_self->owned[region_slot(region)];
    Operation operation;
    size_t block = 0;

    operation_begin(&operation, region);
    if (may_take_spans(region) && cache_need_stack(cache, size_class)) {
        cool(&operation, cache);
        reclaim_others(&operation, cache);
        take_span(&operation, cache, size_class);
        block = cache_pop(cache, size_class);
    }
    operation_end(&operation);
    return block;
}

/* Collects some spans of every inbox. Returns whether all are empty. Caches are hidden. */
static bool empty_inboxes(Region *region)
{
    Pool *pool = region_pool(region);
    Pos left = 0;

    for (unsigned owner = 1; owner <= pool->owners; owner++) {
        cache_collect(pool_cache(pool, owner), RECLAIM_SPANS / pool->owners);
    }
    for (unsigned owner = 1; owner <= pool->owners; owner++) {
        left |= pool_cache(pool, owner)->inbox.first;
    }
    return left == 0;
}

/* Stops watching an owner, after other threads have not freed its blocks for long. Does so only if
 * all inboxes are empty: a remote bit of one of its spans may be in the inbox of a former owner. */
static void stop_watching(Region *region, Cache *cache)
{
    Operation operation;

    operation_begin(&operation, region);
    region_hide_caches(region);
    cache->inbox.watched = !empty_inboxes(region);
    cache->quiet = 0;
    region_show_caches(region);
    operation_end(&operation);
}

size_t caches_take(Region *region, size_t size_class)
{
    Cache *cache = thread_take_own(region_slot(region));
    bool is_busy = false;
    bool is_quiet = false;
    size_t block = 0;

    if (cache != NULL) {
        block = cache_pop(cache, size_class);
        if (block == 0 && cache_refill(cache, size_class)) {
            block = cache_pop(cache, size_class);
        }
        is_busy = block == 0 && cache_is_busy(cache, size_class);
        is_quiet = cache->inbox.watched && cache->quiet >= QUIET;
    }
    thread_release_own();
    if (cache == NULL) {
        caches_note_call(region);
    } else if (is_quiet) {
        stop_watching(region, cache);
    }
    return is_busy ? take_more(region, size_class) : block;
}

void caches_drop_empty(Region *region, Cache *cache, size_t size_class)
{
    Operation operation;

    operation_begin(&operation, region);
    drop(&operation, cache, size_class, DROPPED);
    operation_end(&operation);
}

/* Returns the alignment of granules in bytes, as far as it matters here. */
static size_t granule_alignment(Region *region)
{
    uintptr_t base = (uintptr_t)region_handle(region);
    size_t bytes = GRANULE_UNITS * UNIT_BYTES;
    size_t own = (size_t)(base & -base);

    return own < bytes ? own : bytes;
}

size_t caches_class(Region *region, size_t units, size_t alignment)
{
    size_t most = region_largest(region);
    size_t multiple = alignment / UNIT_BYTES;
    size_t size_class;

    if (units - 1 >= most || alignment > granule_alignment(region)) {
        return 0;
    }
    size_class = sizes_class(units);
    if (multiple > 1) {
        while (size_class <= SIZES && sizes_units(size_class) % multiple != 0) {
            size_class++;
        }
    }
    return size_class <= SIZES && sizes_units(size_class) <= most ? size_class : 0;
}

static uint64_t *counter(Cache *cache, CachesCall call)
{
    switch (call) {
    case CACHES_CALLOC:
        return &cache->callocs;
    case CACHES_ALIGNED_ALLOC:
        return &cache->aligned_allocs;
    case CACHES_REALLOC:
        return &cache->reallocs;
    default:
        return &cache->moves;
    }
}

/* Counts a call of a thread without a cache. */
static void count_locked(Region *region, CachesCall call)
{
    Operation operation;

    operation_begin(&operation, region);
    region->callocs += call == CACHES_CALLOC;
    region->aligned_allocs += call == CACHES_ALIGNED_ALLOC;
    region->reallocs += call == CACHES_REALLOC || call == CACHES_MOVE;
    region->more_allocs -= call != CACHES_REALLOC;
    region->more_frees -= call == CACHES_MOVE;
    operation_end(&operation);
}

void caches_count(Region *region, CachesCall call)
{
    Cache *cache = thread_take_own(region_slot(region));

    if (cache != NULL) {
        ++*counter(cache, call);
    }
    thread_release_own();
    if (cache == NULL) {
        count_locked(region, call);
    }
}
