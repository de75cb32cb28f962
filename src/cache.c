/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <string.h>

enum {
    HOT = 16,           /* calls of a size before it gets a stack */
    BATCH_MIN = 4,      /* rounds that are loaded at first */
    COOL_EVENTS = 2048, /* after so many unused magazines are looked for */
    EMPTIES_MAX = 256,  /* magazines that a thread keeps, to be filled */
    ORPHANS_MAX = 8     /* caches that threads leave to others when they end */
};

Pos cache_no_stack[2] = {0, STACK_CEILING};

#define NONE4 cache_no_stack, cache_no_stack, cache_no_stack, cache_no_stack
#define NONE32 NONE4, NONE4, NONE4, NONE4, NONE4, NONE4, NONE4, NONE4

Cache cache_none = {.tops = {cache_no_stack, NONE32, NONE32, NONE32, NONE32}};

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

static Stack *stack_of(Cache *cache, size_t units)
{
    return pool_piece(cache->pool, cache->stacks[units]);
}

static unsigned count_rounds(Cache *cache, size_t units)
{
    return (unsigned)(cache->tops[units] - &stack_of(cache, units)->floor);
}

static void set_count(Cache *cache, size_t units, size_t count)
{
    cache->tops[units] = &stack_of(cache, units)->floor + count;
}

/* Makes sure that there is a stack. False: that is impossible. */
static bool need_stack(Cache *cache, size_t units)
{
    Stack *stack;

    if (cache->stacks[units] != 0) {
        return true;
    }
    stack = pool_take_stack(cache->pool, units);
    if (stack == NULL) {
        return false;
    }
    cache->stacks[units] = pool_number(cache->pool, stack);
    set_count(cache, units, 0);
    return true;
}

static void drop_stack(Cache *cache, size_t units)
{
    Stack *stack = stack_of(cache, units);

    cache->stacks[units] = 0;
    cache->tops[units] = cache_no_stack;
    pool_give_stack(cache->pool, stack);
}

/* Takes a magazine to be filled. NULL: there is none. */
static Magazine *take_empty(Cache *cache)
{
    Magazine *empty;

    if (cache->empties == 0) {
        return pool_take_magazine(cache->pool);
    }
    empty = pool_piece(cache->pool, cache->empties);
    cache->empties = empty->next;
    cache->empty_count--;
    return empty;
}

static void keep_empty(Cache *cache, Magazine *empty)
{
    if (cache->empty_count == EMPTIES_MAX) {
        pool_give_magazine(cache->pool, empty);
        return;
    }
    empty->next = cache->empties;
    cache->empties = pool_number(cache->pool, empty);
    cache->empty_count++;
}

static void give_empties(Cache *cache)
{
    while (cache->empties != 0) {
        pool_give_magazine(cache->pool, take_empty(cache));
    }
}

/* Units of the blocks in a magazine. */
static size_t magazine_units(Cache *cache, size_t units)
{
    return pool_rounds(cache->pool, units) * units;
}

/* Takes a full magazine of the thread's own. NULL: there is none. */
static Magazine *take_spare(Cache *cache, size_t units)
{
    Magazine *full;

    if (cache->spares[units] == 0) {
        return NULL;
    }
    full = pool_piece(cache->pool, cache->spares[units]);
    cache->spares[units] = full->next;
    cache->spare_count[units]--;
    cache->spare -= (Pos)magazine_units(cache, units);
    if (cache->spare_count[units] < cache->spare_least[units]) {
        cache->spare_least[units] = cache->spare_count[units];
    }
    return full;
}

static void keep_spare(Cache *cache, size_t units, Magazine *full)
{
    full->next = cache->spares[units];
    cache->spares[units] = pool_number(cache->pool, full);
    cache->spare_count[units]++;
    cache->spare += (Pos)magazine_units(cache, units);
}

Pos cache_pop_full(Cache *cache, size_t units)
{
    Pool *pool = cache->pool;
    Magazine *full = take_spare(cache, units);

    cache->events++;
    if (full == NULL) {
        full = depot_take(pool, units);
        if (full == NULL) {
            return 0;
        }
    }
    if (!need_stack(cache, units)) {
        keep_spare(cache, units, full);
        return 0;
    }
    memcpy(stack_of(cache, units)->rounds, full->rounds, pool_rounds(pool, units) * sizeof(Pos));
    set_count(cache, units, pool_rounds(pool, units));
    keep_empty(cache, full);
    return cache_pop(cache, units);
}

/* Where the lower half of a full stack goes: to a spare magazine, or to nowhere. The upper one takes its
 * place. */
static void lower_stack(Cache *cache, size_t units, Magazine *spare)
{
    Stack *stack = stack_of(cache, units);
    size_t half = pool_rounds(cache->pool, units);

    if (spare != NULL) {
        memcpy(spare->rounds, stack->rounds, half * sizeof(Pos));
        keep_spare(cache, units, spare);
    }
    memcpy(stack->rounds, stack->rounds + half, half * sizeof(Pos));
    set_count(cache, units, half);
}

/* Makes room in a full stack without the heap. */
static bool store_half(Cache *cache, size_t units)
{
    Pool *pool = cache->pool;
    Magazine *magazine;

    if (cache->spare + magazine_units(cache, units) > pool->most_spare) {
        magazine = take_spare(cache, units);
        if (magazine != NULL && !depot_give(pool, units, magazine)) {
            keep_spare(cache, units, magazine);
            return false;
        }
    }
    magazine = take_empty(cache);
    if (magazine == NULL) {
        return false;
    }
    lower_stack(cache, units, magazine);
    return true;
}

bool cache_push_full(Cache *cache, size_t units, size_t block)
{
    bool has_room;

    if (cache->stacks[units] == 0) {
        has_room = cache_is_hot(cache, units) && need_stack(cache, units);
    } else {
        cache->events++;
        has_room = store_half(cache, units);
    }
    return has_room && cache_push(cache, units, block);
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
    unsigned most = 2 * pool_rounds(cache->pool, units);
    unsigned batch = cache->batch[units];

    if (!need_stack(cache, units)) {
        return 0;
    }
    batch = batch == 0 ? BATCH_MIN : 2 * batch;
    cache->batch[units] = (unsigned char)(batch > most ? most : batch);
    return cache->batch[units];
}

Pos *cache_rounds(Cache *cache, size_t units)
{
    return stack_of(cache, units)->rounds;
}

void cache_load(Cache *cache, size_t units, size_t count)
{
    cache->events++;
    set_count(cache, units, count);
}

void cache_unload(Cache *cache, size_t units, CacheSink *sink, void *context)
{
    size_t half = pool_rounds(cache->pool, units);
    Magazine *spare;

    if (cache->stacks[units] == 0) {
        return; /* it was emptied meanwhile */
    }
    spare = take_spare(cache, units);
    if (spare != NULL) {
        sink(context, units, spare->rounds, half);
    } else {
        sink(context, units, stack_of(cache, units)->rounds, half);
    }
    lower_stack(cache, units, spare);
}

/* Empties a magazine, and gives it back. */
static void drain_magazine(Pool *pool, Magazine *magazine, size_t units, CacheSink *sink,
                           void *context)
{
    sink(context, units, magazine->rounds, pool_rounds(pool, units));
    pool_give_magazine(pool, magazine);
}

static void drain_stack(Cache *cache, size_t units, CacheSink *sink, void *context)
{
    if (cache->stacks[units] != 0) {
        sink(context, units, stack_of(cache, units)->rounds, count_rounds(cache, units));
        drop_stack(cache, units);
    }
    cache->batch[units] = 0;
}

/* Empties all that there is of a size. full: magazines go to the depot if there is room. */
static void drain_size(Cache *cache, size_t units, bool full, CacheSink *sink, void *context)
{
    Magazine *magazine;

    drain_stack(cache, units, sink, context);
    while ((magazine = take_spare(cache, units)) != NULL) {
        if (!full || !depot_give(cache->pool, units, magazine)) {
            drain_magazine(cache->pool, magazine, units, sink, context);
        }
    }
}

/* Empties what the thread did not use for a while: of a size that it did use, half of that, since what it
 * misses next time is more or less. */
static void cool_size(Cache *cache, size_t units, CacheSink *sink, void *context)
{
    unsigned unused = cache->spare_least[units];

    if (cache->tops[units] != cache->seen[units]) {
        unused /= 2;
    } else if (cache->stacks[units] != 0) {
        drain_stack(cache, units, sink, context);
        cache->heat[units] = 0;
    }
    for (; unused != 0; unused--) {
        drain_magazine(cache->pool, take_spare(cache, units), units, sink, context);
    }
    cache->spare_least[units] = cache->spare_count[units];
    cache->seen[units] = cache->tops[units];
}

/* Empties what of the depot nobody missed for a while. */
static void cool_depot(Pool *pool, size_t units, CacheSink *sink, void *context)
{
    Magazine *magazine;

    while ((magazine = depot_take_cold(pool, units)) != NULL) {
        drain_magazine(pool, magazine, units, sink, context);
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
        cool_size(cache, units, sink, context);
    }
    give_empties(cache);
}

void cache_drain(Cache *cache, bool full, CacheSink *sink, void *context)
{
    for (size_t units = 1; units <= CACHED_MAX; units++) {
        drain_size(cache, units, full, sink, context);
    }
    give_empties(cache);
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
            drain_magazine(pool, magazine, units, sink, context);
        }
    }
    counts = pool->counts;
    pool->counts = (CacheCounts){0};
    return counts;
}
