/* SPDX-License-Identifier: MIT */
#include "cache.h"

enum {
    HOT = 16,          /* calls of a size before it gets a magazine */
    BATCH_MIN = 4,     /* rounds that are loaded at first */
    COOL_EVENTS = 512, /* after so many unused magazines are looked for */
    ORPHANS_MAX = 8    /* caches that threads leave to others when they end */
};

Pos cache_no_magazine[2] = {0, MAGAZINE_CEILING};

#define NONE4 cache_no_magazine, cache_no_magazine, cache_no_magazine, cache_no_magazine
#define NONE32 NONE4, NONE4, NONE4, NONE4, NONE4, NONE4, NONE4, NONE4

Cache cache_none = {.tops = {cache_no_magazine, NONE32, NONE32, NONE32, NONE32}};

_Static_assert(CACHED_MAX == 128, "as many as there are initializers above");

/* Takes the first cache without an owner, or NULL. */
static Cache *take_orphan(Pool *pool)
{
    Cache *cache = NULL;

    if (pool->orphans != 0) {
        cache = pool_piece(pool, pool->orphans);
        __atomic_store_n(&pool->orphans, cache->next, __ATOMIC_RELAXED);
        pool->orphan_count--;
    }
    return cache;
}

void cache_leave(Cache *cache)
{
    Pool *pool = cache->pool;

    cache->next = pool->orphans;
    __atomic_store_n(&pool->orphans, pool_number(pool, cache), __ATOMIC_RELAXED);
    pool->orphan_count++;
}

bool cache_bequeath(Cache *cache)
{
    if (cache->pool->orphan_count >= ORPHANS_MAX) {
        return false;
    }
    cache_leave(cache);
    return true;
}

Cache *cache_create(Pool *pool)
{
    Cache *cache = take_orphan(pool);

    pool->adopted = true;
    if (cache != NULL) {
        return cache;
    }
    cache = pool_take_cache(pool, sizeof(Cache));

    if (cache != NULL) {
        *cache = cache_none;
        cache->pool = pool;
    }
    return cache;
}

/* The magazine in use for a size, or NULL. */
static Magazine *loaded(Cache *cache, size_t units)
{
    const Pos *top = cache->tops[units];

    return top == cache_no_magazine ? NULL : pool_piece(cache->pool, pool_number(cache->pool, top));
}

static unsigned count_rounds(Cache *cache, Magazine *magazine, size_t units)
{
    return (unsigned)(cache->tops[units] - &magazine->floor);
}

static void set_top(Cache *cache, size_t units, Magazine *magazine, size_t count)
{
    cache->tops[units] = magazine == NULL ? cache_no_magazine : &magazine->floor + count;
}

Pos cache_pop_full(Cache *cache, size_t units)
{
    Magazine *empty = loaded(cache, units);
    Magazine *full = NULL;

    cache->events++;
    if (cache->spares[units] != 0) {
        full = pool_piece(cache->pool, cache->spares[units]);
        cache->spares[units] = 0;
    } else {
        full = depot_take(cache->pool, units);
        if (full == NULL) {
            return 0;
        }
    }
    if (empty != NULL) {
        pool_give_magazine(cache->pool, empty);
    }
    set_top(cache, units, full, pool_rounds(cache->pool, units));
    return cache_pop(cache, units);
}

bool cache_push_full(Cache *cache, size_t units, size_t block)
{
    Magazine *full = loaded(cache, units);
    Magazine *empty;

    if (full == NULL && !cache_is_hot(cache, units)) {
        return false;
    }
    cache->events++;
    empty = pool_take_magazine(cache->pool, units);
    if (empty == NULL) {
        return false;
    }
    if (full != NULL) {
        if (cache->spares[units] == 0) {
            cache->spares[units] = pool_number(cache->pool, full);
        } else if (!depot_give(cache->pool, units, full)) {
            pool_give_magazine(cache->pool, empty);
            return false;
        }
    }
    set_top(cache, units, empty, 0);
    return cache_push(cache, units, block);
}

bool cache_is_hot(Cache *cache, size_t units)
{
    if (cache->heat[units] < HOT) {
        cache->heat[units]++;
        return false;
    }
    return true;
}

size_t cache_start_load(Cache *cache, size_t units)
{
    unsigned most = pool_rounds(cache->pool, units);
    unsigned batch = cache->batch[units];

    if (loaded(cache, units) == NULL) {
        Magazine *empty = pool_take_magazine(cache->pool, units);

        if (empty == NULL) {
            return 0;
        }
        set_top(cache, units, empty, 0);
    }
    batch = batch == 0 ? BATCH_MIN : 2 * batch;
    cache->batch[units] = (unsigned char)(batch > most ? most : batch);
    return cache->batch[units];
}

Pos *cache_rounds(Cache *cache, size_t units)
{
    return loaded(cache, units)->rounds;
}

void cache_load(Cache *cache, size_t units, size_t count)
{
    cache->events++;
    set_top(cache, units, loaded(cache, units), count);
}

void cache_unload(Cache *cache, size_t units, CacheSink *sink, void *context)
{
    Magazine *magazine = loaded(cache, units);
    unsigned count, kept;

    if (magazine == NULL) {
        return;
    }
    count = count_rounds(cache, magazine, units);
    kept = count / 2;
    sink(context, units, magazine->rounds + kept, count - kept);
    set_top(cache, units, magazine, kept);
}

static void drain_magazine(Pool *pool, Magazine *magazine, size_t units, unsigned count,
                           CacheSink *sink, void *context)
{
    sink(context, units, magazine->rounds, count);
    pool_give_magazine(pool, magazine);
}

/* Empties the magazines of a size. full: the spare one goes to the depot if there is room. */
static void drain_size(Cache *cache, size_t units, bool full, CacheSink *sink, void *context)
{
    Magazine *magazine = loaded(cache, units);

    if (magazine != NULL) {
        unsigned count = count_rounds(cache, magazine, units);

        set_top(cache, units, NULL, 0);
        drain_magazine(cache->pool, magazine, units, count, sink, context);
    }
    if (cache->spares[units] != 0) {
        magazine = pool_piece(cache->pool, cache->spares[units]);
        cache->spares[units] = 0;
        if (!full || !depot_give(cache->pool, units, magazine)) {
            drain_magazine(cache->pool, magazine, units, pool_rounds(cache->pool, units), sink,
                           context);
        }
    }
    cache->batch[units] = 0;
}

/* Empties what of the depot nobody missed for a while. */
static void cool_depot(Pool *pool, size_t units, CacheSink *sink, void *context)
{
    Magazine *magazine;

    while ((magazine = depot_take_cold(pool, units)) != NULL) {
        drain_magazine(pool, magazine, units, pool_rounds(pool, units), sink, context);
    }
    depot_cool(pool, units);
}

void cache_end(Cache *cache, bool full, CacheSink *sink, void *context)
{
    Pool *pool = cache->pool;

    cache_drain(cache, full, sink, context);
    pool_add_counts(&pool->counts, cache->counts);
    pool_give_cache(pool, cache);
}

/* Empties a cache without an owner if nobody took one for a while. */
static void cool_orphans(Pool *pool, CacheSink *sink, void *context)
{
    if (!pool->adopted && pool->orphans != 0) {
        cache_end(take_orphan(pool), false, sink, context);
    }
    pool->adopted = false;
}

void cache_cool(Cache *cache, CacheSink *sink, void *context)
{
    if (cache->events < COOL_EVENTS) {
        return;
    }
    cache->events = 0;
    cool_orphans(cache->pool, sink, context);
    for (size_t units = 1; units <= CACHED_MAX; units++) {
        cool_depot(cache->pool, units, sink, context);
        if (loaded(cache, units) != NULL && cache->tops[units] == cache->seen[units]) {
            drain_size(cache, units, false, sink, context);
            cache->heat[units] = 0;
        }
        cache->seen[units] = cache->tops[units];
    }
}

void cache_drain(Cache *cache, bool full, CacheSink *sink, void *context)
{
    for (size_t units = 1; units <= CACHED_MAX; units++) {
        drain_size(cache, units, full, sink, context);
    }
}

CacheCounts cache_take_counts(Cache *cache)
{
    CacheCounts counts = cache->counts;

    cache->counts = (CacheCounts){0};
    return counts;
}

CacheCounts cache_drain_pool(Pool *pool, CacheSink *sink, void *context)
{
    CacheCounts counts;
    Magazine *magazine;

    while (pool->orphans != 0) {
        cache_end(take_orphan(pool), false, sink, context);
    }
    for (size_t units = 1; units <= CACHED_MAX; units++) {
        while ((magazine = depot_take(pool, units)) != NULL) {
            drain_magazine(pool, magazine, units, pool_rounds(pool, units), sink, context);
        }
    }
    counts = pool->counts;
    pool->counts = (CacheCounts){0};
    return counts;
}
