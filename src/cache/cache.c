/* SPDX-License-Identifier: MIT */
#include "cache/cache.h"

#include <string.h>

enum {
    BUSY_CALLS = 16,      /* allocations of a class before it gets a span */
    STACK_MIN = 14,       /* positions: the first stack is one piece of the pool */
    STACK_MAX = 510,      /* positions: the largest stack is 32 pieces */
    STACK_LARGE_MIN = 4,  /* positions: of large blocks, where Pool.stack_units allows fewer */
    SEEN_IN_USE = 0xffff, /* exceeds the capacity of every stack */
    SPANS_TRIED = 8,      /* spans searched for free blocks in one refill */
    COLLECTED = 16        /* spans whose remote bits are collected in one refill */
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

/* No granule has this owner. Code may read the tables before it notices that the cache is this
 * one. */
Cache cache_none = {.tops = {cache_no_stack, NONE_SIZES}, .tag = 255 << OWNER_SHIFT};

_Static_assert(sizeof cache_none.tops / sizeof cache_none.tops[0] == SIZES + 1 &&
                   SIZES == (SIZES_OCTAVES == 5 ? 208 : 192),
               "as many as the initializers above");

/* ------------------------------------------------------------------------------------------------
 * Loose spans
 * --------------------------------------------------------------------------------------------- */

void cache_loosen(Cache *cache, size_t size_class, size_t span)
{
    Pos *listed = cache->granules.listed;
    Pos *last = &cache->classes[size_class].loose;

    if (listed[span] != 0) {
        return;
    }
    if (*last == 0) {
        *last = (Pos)span;
        listed[span] = (Pos)span;
    } else {
        listed[span] = listed[*last];
        listed[*last] = (Pos)span;
    }
}

/* Removes the span behind `before` from the list of a class, and returns it. */
static Pos unlist(Cache *cache, size_t size_class, Pos before)
{
    Pos *listed = cache->granules.listed;
    Pos *last = &cache->classes[size_class].loose;
    Pos span = listed[before];

    if (span == before) {
        *last = 0;
    } else {
        *last = span == *last ? before : *last;
        listed[before] = listed[span];
    }
    listed[span] = 0;
    return span;
}

/* ------------------------------------------------------------------------------------------------
 * Stacks
 * --------------------------------------------------------------------------------------------- */

/* Returns the largest capacity for the stack of a class, in positions. */
static size_t most_positions(const Cache *cache, size_t size_class)
{
    return bits_between(STACK_LARGE_MIN, cache->pool->stack_units / sizes_units(size_class),
                        STACK_MAX);
}

/* Replaces the stack of a class by one of another capacity, with the same contents. Returns false
 * if the pool is used up. */
static bool replace_stack(Cache *cache, size_t size_class, size_t capacity)
{
    CacheClass *class = &cache->classes[size_class];
    size_t count = cache_count(cache, size_class);
    Pos *stack = pool_take_stack(cache->pool, capacity);

    if (stack == NULL) {
        return false;
    }
    /* A remnant of its former use might look like a ceiling. */
    memset(stack, 0, (capacity + 1) * sizeof *stack);
    stack[capacity + 1] = STACK_CEILING;
    if (class->stack != 0) {
        memcpy(stack + 1, cache_floor(cache, size_class) + 1, count * sizeof *stack);
        pool_give_stack(cache->pool, cache_floor(cache, size_class), class->capacity);
    }
    class->stack = pool_number(cache->pool, stack);
    class->capacity = (unsigned short)capacity;
    cache->tops[size_class] = stack + count;
    return true;
}

bool cache_need_stack(Cache *cache, size_t size_class)
{
    return cache->classes[size_class].stack != 0 ||
           replace_stack(cache, size_class,
                         bits_between(0, most_positions(cache, size_class), STACK_MIN));
}

/* Doubles a stack if it may grow. Returns whether it did. */
static bool grow_stack(Cache *cache, size_t size_class)
{
    size_t capacity = cache->classes[size_class].capacity;

    return capacity < most_positions(cache, size_class) &&
           replace_stack(cache, size_class, 2 * capacity + 2);
}

/* Removes the oldest positions from a stack and moves the others down. The spans of these blocks
 * become loose. */
static void forget(Cache *cache, size_t size_class, size_t count)
{
    Pos *stack = cache_floor(cache, size_class) + 1;
    size_t left = cache_count(cache, size_class) - count;

    for (size_t i = 0; i < count; i++) {
        cache_loosen(cache, size_class, granule_first(&cache->granules, stack[i]));
    }
    memmove(stack, stack + count, left * sizeof *stack);
    cache->tops[size_class] -= count;
}

static void push_anyway(Cache *cache, size_t size_class, size_t block)
{
    if (!cache_need_stack(cache, size_class)) {
        cache_loosen(cache, size_class, granule_first(&cache->granules, block));
        return;
    }
    if (cache->tops[size_class][1] == STACK_CEILING && !grow_stack(cache, size_class)) {
        forget(cache, size_class, cache->classes[size_class].capacity / 2);
        cache->was_full = true;
    }
    *++cache->tops[size_class] = (Pos)block;
}

CacheFreed cache_free(Cache *cache, size_t block)
{
    const Granules *granules = &cache->granules;
    CacheFreed freed = CACHE_FREED;

    if (!live_test(granules->live, block)) {
        return CACHE_TWICE;
    }
    live_clear(granules->live, block);
    if (inbox_is_watched(&cache->inbox)) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (granule_is_freed(granules, block)) { /* another thread was first, and its free counts */
            granule_take_freed(granules, block);
            freed = CACHE_TWICE;
        }
    }
    push_anyway(cache, tag_class(granule_tag(granules->tags, block)), block);
    return freed;
}

bool cache_is_busy(Cache *cache, size_t size_class)
{
    if (cache->classes[size_class].calls < BUSY_CALLS) {
        cache->classes[size_class].calls++;
        return false;
    }
    return true;
}

static void reverse(Pos *positions, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        Pos position = positions[i];

        positions[i] = positions[count - 1 - i];
        positions[count - 1 - i] = position;
    }
}

/* Fills the empty stack of a class with the free blocks of a span, so that the first block is
 * popped first. Returns false if there was no room for all of them. */
static bool look_through(Cache *cache, size_t size_class, size_t span)
{
    const Granules *granules = &cache->granules;
    SpanShape shape = span_shape(&cache->granules, size_class);
    Pos *stack = cache_floor(cache, size_class) + 1;
    size_t room = cache->classes[size_class].capacity;
    size_t count = 0;
    size_t block = granule_start(span);

    for (size_t i = 0; i < shape.blocks; i++, block += shape.units) {
        if (!live_test(granules->live, block)) {
            if (count == room) {
                break;
            }
            stack[count++] = (Pos)block;
        }
    }
    reverse(stack, count);
    cache->tops[size_class] += count;
    return count < room || block == granule_start(span) + shape.blocks * shape.units;
}

/* Collects what other threads have freed in a span. If the span has another owner by now, passes it
 * on. */
static void collect(Cache *cache, size_t span)
{
    const Granules *granules = &cache->granules;
    unsigned tag = granule_tag(granules->tags, granule_start(span));
    size_t first = granule_first(granules, granule_start(span));

    if (tag_owner(tag) == tag_owner(cache->tag) && first == span) {
        span_collect(granules, span, span_shape(granules, tag_class(tag)));
        cache_loosen(cache, tag_class(tag), span);
        cache->quiet = 0;
    } else if (tag != 0) {
        inbox_post(&pool_cache(cache->pool, tag_owner(tag))->inbox, granules, first);
    }
}

void cache_collect(Cache *cache, size_t most)
{
    Pos span;

    while (most-- != 0 && (span = inbox_take(&cache->inbox, &cache->granules)) != 0) {
        collect(cache, span);
    }
}

bool cache_refill(Cache *cache, size_t size_class)
{
    CacheClass *class = &cache->classes[size_class];

    class->seen = SEEN_IN_USE;
    cache->quiet++;
    cache_collect(cache, COLLECTED);
    if (class->stack == 0) {
        return false;
    }
    for (int tries = 0; class->loose != 0 && tries < SPANS_TRIED; tries++) {
        if (look_through(cache, size_class, cache->granules.listed[class->loose])) {
            unlist(cache, size_class, class->loose);
        } else {
            grow_stack(cache, size_class); /* for the next time */
        }
        if (cache_count(cache, size_class) != 0) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------
 * Giving up unneeded spans and stacks
 * --------------------------------------------------------------------------------------------- */

/* Marks a span that leaves, in the place of its link. */
#define LEAVING (UINT32_MAX - 1)

/* Removes from a stack the positions in spans that leave. */
static void filter(Cache *cache, size_t size_class)
{
    Pos *stack = cache_floor(cache, size_class) + 1;
    size_t count = cache_count(cache, size_class);
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (cache->granules.listed[granule_first(&cache->granules, stack[i])] != LEAVING) {
            stack[kept++] = stack[i];
        }
    }
    cache->tops[size_class] -= count - kept;
}

/* Returns whether a span can go back to the heap. */
static bool is_empty(const Granules *granules, size_t span, SpanShape shape)
{
    return span_is_empty(granules, span, shape) && !inbox_has(granules, span);
}

/* Spans that are not empty move to the end of the list, so each is looked at in turn. */
size_t cache_drop_empty(Cache *cache, size_t size_class, size_t looks, Pos *spans, size_t most)
{
    const Granules *granules = &cache->granules;
    CacheClass *class = &cache->classes[size_class];
    SpanShape shape = span_shape(&cache->granules, size_class);
    size_t count = 0;
    Pos end = class->loose; /* the last span to look at */
    Pos span = 0;

    /* The region was locked after the last live bit was cleared. So a thread whose remote bit is
     * not seen here sees that live bit cleared. This holds even if the cache is not watched: the
     * span may have belonged to a cache that is. */
    granule_fence_after();
    for (; looks != 0 && count < most && class->loose != 0 && span != end; looks--) {
        span = granules->listed[class->loose];
        if (is_empty(granules, span, shape)) {
            spans[count++] = unlist(cache, size_class, class->loose);
            granules->listed[span] = LEAVING;
        } else {
            class->loose = span;
        }
    }
    if (count != 0 && class->stack != 0) {
        filter(cache, size_class);
    }
    for (size_t i = 0; i < count; i++) {
        granules->listed[spans[i]] = 0;
        span_set_tags(granules, spans[i], shape, 0);
    }
    return count;
}

/* Takes the stack from a class that was not used since the last look: the class begins anew. */
static void cool_class(Cache *cache, size_t size_class)
{
    CacheClass *class = &cache->classes[size_class];
    size_t count = cache_count(cache, size_class);

    if (class->stack != 0 && class->seen == count) {
        forget(cache, size_class, count);
        pool_give_stack(cache->pool, cache_floor(cache, size_class), class->capacity);
        cache->tops[size_class] = cache_no_stack;
        class->stack = 0;
        class->calls = 0;
    }
    class->seen = (unsigned short)count;
}

size_t cache_cool(Cache *cache)
{
    size_t size_class = cache->next_class % SIZES + 1;

    cool_class(cache, size_class);
    cache->next_class = (unsigned)size_class;
    return size_class;
}

void cache_forget_all(Cache *cache)
{
    Pos span;

    for (size_t size_class = 1; size_class <= SIZES; size_class++) {
        CacheClass *class = &cache->classes[size_class];

        if (class->stack != 0) {
            cache->tops[size_class] = cache_floor(cache, size_class);
        }
        class->loose = 0;
    }
    do {
        span = inbox_take(&cache->inbox, &cache->granules);
    } while (span != 0);
}
