/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <string.h>

#include "cache-spares.h"

enum {
    HOT = 16,            /* calls of a size before it gets a stack */
    HOT_LARGE = 4,       /* where that costs less than the heap's lock */
    BATCH_MIN = 4,       /* rounds that are loaded at first */
    COOL_EVENTS = 2048,  /* after so many unused magazines are looked for */
    COOL_SHARED = 32768, /* the same where threads share the heap: see doc/DESIGN.md */
    ORPHANS_MAX = 8      /* caches that threads leave to others when they end */
};

Pos cache_no_stack[2] = {0, STACK_CEILING};

#define NONE4 cache_no_stack, cache_no_stack, cache_no_stack, cache_no_stack
#define NONE16 NONE4, NONE4, NONE4, NONE4
#define NONE64 NONE16, NONE16, NONE16, NONE16
#if SIZES_OCTAVES == 5
#define NONE_SIZES NONE64, NONE64, NONE64, NONE16
#else
#define NONE_SIZES NONE64, NONE64, NONE64
#endif

Cache cache_none = {.tops = {cache_no_stack, NONE_SIZES}};

_Static_assert(sizeof cache_none.tops / sizeof cache_none.tops[0] == SIZES + 1 &&
                   SIZES == (SIZES_OCTAVES == 5 ? 208 : 192),
               "as many as there are initializers above");

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
        pool->cache_count++;
    }
    return cache;
}

static Stack *stack_of(Cache *cache, size_t number)
{
    return pool_piece(cache->pool, cache->stacks[number]);
}

static unsigned count_rounds(Cache *cache, size_t number)
{
    return (unsigned)(cache->tops[number] - &stack_of(cache, number)->floor);
}

static void set_count(Cache *cache, size_t number, size_t count)
{
    cache->tops[number] = &stack_of(cache, number)->floor + count;
}

/* Makes sure that there is a stack. False: that is impossible. */
static bool need_stack(Cache *cache, size_t number)
{
    Stack *stack;

    if (cache->stacks[number] != 0) {
        return true;
    }
    stack = pool_take_stack(cache->pool, number);
    if (stack == NULL) {
        return false;
    }
    cache->stacks[number] = pool_number(cache->pool, stack);
    set_count(cache, number, 0);
    return true;
}

static void drop_stack(Cache *cache, size_t number)
{
    Stack *stack = stack_of(cache, number);

    cache->stacks[number] = 0;
    cache->tops[number] = cache_no_stack;
    pool_give_stack(cache->pool, stack);
}

bool cache_fill(Cache *cache, size_t number)
{
    Pool *pool = cache->pool;
    Magazine *full = cache_take_spare(cache, number);

    cache->events++;
    if (full == NULL) {
        full = depot_take(pool, number);
        if (full == NULL) {
            return false;
        }
    }
    if (!need_stack(cache, number)) {
        cache_keep_spare(cache, number, full);
        return false;
    }
    memcpy(stack_of(cache, number)->rounds, full->rounds, pool_rounds(pool, number) * sizeof(Pos));
    set_count(cache, number, pool_rounds(pool, number));
    cache_keep_empty(cache, full);
    return true;
}

/* Where the lower half of a full stack goes: to a spare magazine, or to nowhere. The upper one takes its
 * place. */
static void lower_stack(Cache *cache, size_t number, Magazine *spare)
{
    Stack *stack = stack_of(cache, number);
    size_t half = pool_rounds(cache->pool, number);

    if (spare != NULL) {
        memcpy(spare->rounds, stack->rounds, half * sizeof(Pos));
        cache_keep_spare(cache, number, spare);
    }
    memcpy(stack->rounds, stack->rounds + half, half * sizeof(Pos));
    set_count(cache, number, half);
}

/* Makes room in a full stack without the heap. */
static bool store_half(Cache *cache, size_t number)
{
    Pool *pool = cache->pool;
    Magazine *magazine;

    if (cache->spare + cache_magazine_units(cache, number) > pool->most_spare) {
        magazine = cache_take_spare(cache, number);
        if (magazine != NULL && !depot_give(pool, number, magazine)) {
            cache_keep_spare(cache, number, magazine);
            return false;
        }
    }
    magazine = cache_take_empty(cache);
    if (magazine == NULL) {
        return false;
    }
    lower_stack(cache, number, magazine);
    return true;
}

bool cache_push_full(Cache *cache, size_t number, size_t block)
{
    bool has_room;

    if (cache->stacks[number] == 0) {
        has_room = cache_is_hot(cache, number) && need_stack(cache, number);
    } else {
        cache->events++;
        has_room = store_half(cache, number);
    }
    return has_room && cache_push(cache, number, block);
}

bool cache_is_hot(Cache *cache, size_t number)
{
    if (cache->heat[number] < (sizes_is_small(number) ? HOT : HOT_LARGE)) {
        cache->heat[number]++;
        return false;
    }
    return true;
}

size_t cache_start_load(Cache *cache, size_t number)
{
    unsigned most = 2 * pool_rounds(cache->pool, number);
    unsigned batch = cache->batch[number];

    if (!need_stack(cache, number)) {
        return 0;
    }
    batch = batch == 0 ? BATCH_MIN : 2 * batch;
    cache->batch[number] = (unsigned char)(batch > most ? most : batch);
    return cache->batch[number];
}

Pos *cache_rounds(Cache *cache, size_t number)
{
    return stack_of(cache, number)->rounds;
}

void cache_load(Cache *cache, size_t number, size_t count)
{
    cache->events++;
    set_count(cache, number, count);
}

void cache_unload(Cache *cache, size_t number, CacheSink *sink, void *context)
{
    size_t half = pool_rounds(cache->pool, number);
    Magazine *spare;

    if (cache->stacks[number] == 0) {
        return; /* it was emptied meanwhile */
    }
    spare = cache_take_spare(cache, number);
    if (spare != NULL) {
        sink(context, sizes_units(number), spare->rounds, half);
    } else {
        sink(context, sizes_units(number), stack_of(cache, number)->rounds, half);
    }
    lower_stack(cache, number, spare);
}

/* Empties a magazine, and gives it back. */
static void drain_magazine(Pool *pool, Magazine *magazine, size_t number, CacheSink *sink,
                           void *context)
{
    sink(context, sizes_units(number), magazine->rounds, pool_rounds(pool, number));
    pool_give_magazine(pool, magazine);
}

static void drain_stack(Cache *cache, size_t number, CacheSink *sink, void *context)
{
    if (cache->stacks[number] != 0) {
        sink(context, sizes_units(number), stack_of(cache, number)->rounds,
             count_rounds(cache, number));
        drop_stack(cache, number);
    }
    cache->batch[number] = 0;
}

/* Empties all that there is of a size. full: magazines go to the depot if there is room. */
static void drain_size(Cache *cache, size_t number, bool full, CacheSink *sink, void *context)
{
    Magazine *magazine;

    drain_stack(cache, number, sink, context);
    while ((magazine = cache_take_spare(cache, number)) != NULL) {
        if (!full || !depot_give(cache->pool, number, magazine)) {
            drain_magazine(cache->pool, magazine, number, sink, context);
        }
    }
}

/* Empties what the thread did not use for a while: of a size that it did use, half of that, since what it
 * misses next time is more or less. */
static void cool_size(Cache *cache, size_t number, CacheSink *sink, void *context)
{
    unsigned unused = cache->spare_least[number];

    if (cache->tops[number] != cache->seen[number]) {
        unused /= 2;
    } else if (cache->stacks[number] != 0) {
        drain_stack(cache, number, sink, context);
        cache->heat[number] = 0;
    }
    for (; unused != 0; unused--) {
        drain_magazine(cache->pool, cache_take_spare(cache, number), number, sink, context);
    }
    cache->spare_least[number] = cache->spare_count[number];
    cache->seen[number] = cache->tops[number];
}

/* Empties what of the depot nobody missed for a while. */
static void cool_depot(Pool *pool, size_t number, CacheSink *sink, void *context)
{
    Magazine *magazine;

    while ((magazine = depot_take_cold(pool, number)) != NULL) {
        drain_magazine(pool, magazine, number, sink, context);
    }
    depot_cool(pool, number);
}

void cache_end(Cache *cache, bool full, CacheSink *sink, void *context)
{
    Pool *pool = cache->pool;

    cache_drain(cache, full, sink, context);
    pool_add_counts(&pool->counts, cache->counts);
    pool_give_cache(pool, cache);
    pool->cache_count--;
}

/* Empties a cache without an owner if nobody took one for a while. */
static void cool_orphans(Pool *pool, CacheSink *sink, void *context)
{
    if (!pool->adopted && pool->orphans != 0) {
        cache_end(take_orphan(pool), false, sink, context);
    }
    pool->adopted = false;
}

void cache_cool(Cache *cache, bool shared, CacheSink *sink, void *context)
{
    if (cache->events < (shared ? COOL_SHARED : COOL_EVENTS)) {
        return;
    }
    cache->events = 0;
    cool_orphans(cache->pool, sink, context);
    for (size_t number = 1; number <= SIZES; number++) {
        cool_depot(cache->pool, number, sink, context);
        cool_size(cache, number, sink, context);
    }
    cache_give_empties(cache);
}

void cache_drain(Cache *cache, bool full, CacheSink *sink, void *context)
{
    for (size_t number = 1; number <= SIZES; number++) {
        drain_size(cache, number, full, sink, context);
    }
    cache_give_empties(cache);
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
    for (size_t number = 1; number <= SIZES; number++) {
        while ((magazine = depot_take(pool, number)) != NULL) {
            drain_magazine(pool, magazine, number, sink, context);
        }
    }
    counts = pool->counts;
    pool->counts = (CacheCounts){0};
    return counts;
}
