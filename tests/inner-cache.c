/* SPDX-License-Identifier: MIT
 *
 * Caches and their pool alone, above a heap that only knows whose each block is: after each call every piece
 * of the pool is found in one place, and each block that was freed in one magazine or stack. */
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"
#include "support.h"

enum { BLOCKS = 1 << 20, CACHES = 3, PIECES_MOST = 1 << 14, HOT_CALLS = 20 };

typedef enum State { AT_HEAP, IN_USE, IN_CACHE } State;

typedef struct Bench {
    Pool *pool;
    Cache *caches[CACHES];                       /* NULL: none */
    size_t cached;                               /* blocks in caches and the depot */
    Pos fresh;                                   /* blocks from here on were never used */
    unsigned char state[BLOCKS], number[BLOCKS]; /* of the size */
    bool seen[PIECES_MOST];
} Bench;

static Bench bench;

static void open_bench(size_t heap_bytes)
{
    size_t bytes = pool_bytes_mapped(heap_bytes);

    memset(&bench, 0, sizeof bench);
    bench.fresh = 1;
    bench.pool = aligned_alloc(PIECE_BYTES, bytes);
    ck_assert_ptr_nonnull(bench.pool);
    memset(bench.pool, 0, bytes);
    pool_init(bench.pool, bytes, heap_bytes);
    ck_assert_uint_le(bench.pool->end, PIECES_MOST);
}

/* ------------------------------------------------------------------------------------------------
 * The check
 * --------------------------------------------------------------------------------------------- */

static void see_pieces(Pos piece, size_t bytes)
{
    bool sound = true;

    for (size_t i = 0; i < (bytes + PIECE_BYTES - 1) / PIECE_BYTES; i++) {
        sound &= !bench.seen[piece + i];
        bench.seen[piece + i] = true;
    }
    if (!sound) { /* an assertion that holds takes a system call */
        ck_abort_msg("piece %u is in two places", (unsigned)piece);
    }
}

static size_t see_rounds(const Pos *rounds, size_t number, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bench.state[rounds[i]] != IN_CACHE || bench.number[rounds[i]] != number) {
            ck_abort_msg("block %u is no round", (unsigned)rounds[i]);
        }
    }
    return count;
}

/* Free pieces. */
static void see_list(Pos piece, size_t bytes)
{
    for (; piece != 0; piece = *(Pos *)pool_piece(bench.pool, piece)) {
        see_pieces(piece, bytes);
    }
}

/* Full magazines of a size, or empty ones for 0; tells how many. */
static size_t see_magazines(Pos piece, size_t number)
{
    size_t count = 0;

    for (; piece != 0; count++) {
        const Magazine *magazine = pool_piece(bench.pool, piece);

        see_pieces(piece, sizeof(Magazine));
        if (number != 0) {
            see_rounds(magazine->rounds, number, pool_rounds(bench.pool, number));
        }
        piece = magazine->next;
    }
    return count;
}

static size_t see_cache(Cache *cache)
{
    size_t cached = 0, spare = 0;
    bool sound = true;

    see_pieces(pool_number(bench.pool, cache), sizeof(Cache));
    ck_assert_uint_eq(see_magazines(cache->empties, 0), cache->empty_count);
    for (size_t number = 1; number <= SIZES; number++) {
        size_t rounds = pool_rounds(bench.pool, number);
        size_t full = see_magazines(cache->spares[number], number);

        sound &= full == cache->spare_count[number] && cache->spare_least[number] <= full;
        cached += full * rounds;
        spare += full * rounds * sizes_units(number);
        if (cache->stacks[number] != 0) {
            const Stack *stack = pool_piece(bench.pool, cache->stacks[number]);

            see_pieces(cache->stacks[number], sizeof(Stack));
            sound &= stack->floor == 0 && stack->rounds[2 * rounds] == STACK_CEILING;
            cached += see_rounds(stack->rounds, number,
                                 (size_t)(cache->tops[number] - &stack->floor));
        } else {
            sound &= cache->tops[number] == cache_no_stack;
        }
    }
    ck_assert(sound);
    ck_assert_uint_eq(spare, cache->spare);
    return cached;
}

/* No two find the same piece, and no piece is lost; so no block is in two places either, if all are as
 * many as they should be. */
static void check(void)
{
    const Pool *pool = bench.pool;
    Pos first = (sizeof(Pool) + PIECE_BYTES - 1) / PIECE_BYTES;
    size_t cached = 0;
    bool sound = true;

    memset(bench.seen, 0, pool->fresh * sizeof bench.seen[0]);
    see_list(pool->magazines, sizeof(Magazine));
    see_list(pool->stacks, sizeof(Stack));
    see_list(pool->caches, sizeof(Cache));
    for (size_t number = 1; number <= SIZES; number++) {
        size_t full = see_magazines(pool->depots[number].first, number);

        sound &= full == pool->depots[number].count && full <= pool_depot_most(pool, number);
        cached += full * pool_rounds(pool, number);
    }
    for (size_t i = 0; i < CACHES; i++) {
        cached += bench.caches[i] == NULL ? 0 : see_cache(bench.caches[i]);
    }
    for (Pos piece = pool->orphans; piece != 0;) {
        Cache *cache = pool_piece(bench.pool, piece);

        cached += see_cache(cache);
        piece = cache->next;
    }
    for (Pos piece = first; piece < pool->fresh; piece++) {
        sound &= bench.seen[piece];
    }
    ck_assert(sound);
    ck_assert_uint_le(pool->fresh, pool->end);
    ck_assert_uint_eq(cached, bench.cached);
}

/* ------------------------------------------------------------------------------------------------
 * What cached.c does
 * --------------------------------------------------------------------------------------------- */

static void sink(void *context, size_t units, Pos *rounds, size_t count)
{
    (void)context;
    see_rounds(rounds, sizes_number(units), count);
    ck_assert_uint_eq(sizes_units(sizes_number(units)), units);
    for (size_t i = 0; i < count; i++) {
        bench.state[rounds[i]] = AT_HEAP;
        rounds[i] = 0;
    }
    bench.cached -= count;
}

static Pos take_fresh(size_t number, State state)
{
    if (bench.fresh >= BLOCKS) {
        ck_abort();
    }
    bench.state[bench.fresh] = (unsigned char)state;
    bench.number[bench.fresh] = (unsigned char)number;
    return bench.fresh++;
}

static Pos load(Cache *cache, size_t number)
{
    size_t count;

    cache_cool(cache, false, sink, NULL);
    count = cache_start_load(cache, number);
    if (count == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        cache_rounds(cache, number)[i] = take_fresh(number, IN_CACHE);
    }
    bench.cached += count;
    cache_load(cache, number, count);
    return cache_pop(cache, number);
}

static Pos take(Cache *cache, size_t number)
{
    Pos block = cache_pop(cache, number);

    if (block == 0) {
        block = cache_fill(cache, number) ? cache_pop(cache, number) : 0;
    }
    if (block == 0 && cache_is_hot(cache, number)) {
        block = load(cache, number);
    }
    if (block == 0) {
        return take_fresh(number, IN_USE);
    }
    see_rounds(&block, number, 1);
    bench.state[block] = IN_USE;
    bench.cached--;
    return block;
}

static bool push(Cache *cache, size_t number, Pos block)
{
    if (cache_push(cache, number, block) || cache_push_full(cache, number, block)) {
        return true;
    }
    if (cache->stacks[number] == 0) {
        return false;
    }
    cache_unload(cache, number, sink, NULL);
    cache_cool(cache, false, sink, NULL);
    return cache_push(cache, number, block);
}

static void give(Cache *cache, Pos block)
{
    bool done = push(cache, bench.number[block], block);

    bench.state[block] = done ? IN_CACHE : AT_HEAP;
    bench.cached += done;
}

static void give_many(Cache *cache, size_t number, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        give(cache, take_fresh(number, IN_USE));
    }
    check();
}

/* Everything that is in magazines goes back, and nothing is left of it. */
static void settle(void)
{
    for (size_t i = 0; i < CACHES; i++) {
        if (bench.caches[i] != NULL) {
            cache_drain(bench.caches[i], false, sink, NULL);
        }
    }
    cache_drain_pool(bench.pool, sink, NULL);
    ck_assert_uint_eq(bench.cached, 0);
    check();
}

static void close_bench(void)
{
    settle();
    free(bench.pool);
}

/* ------------------------------------------------------------------------------------------------
 * Tests
 * --------------------------------------------------------------------------------------------- */

/* Threads come and go, and allocate and free in bursts, of few sizes at a time. */
START_TEST(nothing_is_lost)
{
    static const size_t heap_bytes[] = {1 << 17, 1 << 20, 1 << 22};
    enum { HELD = 2000 };
    static Pos held[HELD];
    Random source = support_random("nothing_is_lost", _i);
    size_t operations = support_operations(1500), count = 0;

    open_bench(heap_bytes[_i]);
    for (size_t i = 0; i < operations; i++) {
        Cache **cache = &bench.caches[random_below(&source, CACHES)];
        size_t number = 1 + random_scaled(&source, SIZES - 1);
        size_t calls = random_scaled(&source, 400);

        if (*cache == NULL) {
            *cache = cache_create(bench.pool);
            ck_assert_ptr_nonnull(*cache);
        } else if (random_below(&source, 100) == 0) {
            if (i % 3 == 0 || !cache_bequeath(*cache)) {
                cache_end(*cache, i % 2 == 0, sink, NULL);
            }
            *cache = NULL;
        } else if (random_below(&source, 300) == 0) {
            settle();
        } else if (i % 2 == 0) {
            for (; calls != 0 && count < HELD; calls--) {
                held[count++] = take(*cache, number);
            }
        } else {
            for (; calls != 0 && count != 0; calls--) {
                give(*cache, held[--count]);
            }
        }
        check();
    }
    close_bench();
}
END_TEST

/* However many magazines there are, a size that is used later gets its stack, and a thread its cache. */
START_TEST(magazines_leave_room)
{
    open_bench(1 << 24);
    bench.caches[0] = cache_create(bench.pool);
    for (size_t number = 1; number <= 8; number++) {
        give_many(bench.caches[0], number, 40000);
    }
    ck_assert_uint_ne(bench.pool->depots[8].count, 0);
    bench.caches[1] = cache_create(bench.pool);
    ck_assert_ptr_nonnull(bench.caches[1]);
    for (size_t number = 9; number <= 24; number++) {
        give_many(bench.caches[1], number, HOT_CALLS);
        ck_assert_uint_ne(bench.caches[1]->stacks[number], 0);
    }
    close_bench();
}
END_TEST

/* A thread that empties what another fills does not keep the magazines for good. */
START_TEST(empty_ones_go_back)
{
    enum { COUNT = 20000 };

    open_bench(1 << 24);
    bench.caches[0] = cache_create(bench.pool);
    bench.caches[1] = cache_create(bench.pool);
    give_many(bench.caches[0], 4, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        take(bench.caches[1], 4);
    }
    check();
    ck_assert_uint_ne(bench.caches[1]->empty_count, 0);
    for (size_t i = 0; i < 2 * COUNT; i++) {
        take(bench.caches[1], 128); /* which is loaded again and again */
    }
    check();
    ck_assert_uint_eq(bench.caches[1]->empty_count, 0);
    close_bench();
}
END_TEST

/* A thread keeps no more to itself than it may, but for one magazine of each size. */
START_TEST(spare_ones_are_few)
{
    open_bench((size_t)1 << 20 << 2 * _i);
    bench.caches[0] = cache_create(bench.pool);
    for (size_t number = 1; number <= SIZES; number += 21) {
        give_many(bench.caches[0], number, 8000);
        ck_assert_uint_le(bench.caches[0]->spare,
                          bench.pool->most_spare + sizes_units(number) *
                                                       pool_rounds(bench.pool, number) *
                                                       (number / 21 + 1));
    }
    close_bench();
}
END_TEST

/* A stack that is not used goes, and is there again when it is; what another thread emptied while this one
 * came to make room in it is none any more. */
START_TEST(stacks_come_and_go)
{
    Cache *cache;

    open_bench(1 << 22);
    cache = bench.caches[0] = cache_create(bench.pool);
    give_many(cache, 3, HOT_CALLS);
    ck_assert_uint_ne(cache->stacks[3], 0);
    cache_drain(cache, false, sink, NULL);
    cache_unload(cache, 3, sink, NULL);
    ck_assert(!cache_push(cache, 3, 1));
    check();
    give_many(cache, 3, HOT_CALLS);
    ck_assert_uint_ne(cache->stacks[3], 0);
    for (int i = 0; i < 30000; i++) {
        take(cache, 64);
    }
    ck_assert_uint_eq(cache->stacks[3], 0);
    check();
    close_bench();
}
END_TEST

/* The pool is used up: a full magazine that finds no stack to be emptied into is kept. */
START_TEST(no_stack_is_left)
{
    Cache *cache;

    open_bench(1 << 17);
    bench.caches[0] = cache_create(bench.pool);
    cache = bench.caches[1] = cache_create(bench.pool);
    give_many(bench.caches[0], 5, 200);
    ck_assert_uint_ne(bench.pool->depots[5].count, 0);
    while (pool_take_stack(bench.pool, 1) != NULL) { /* lost, so nothing is checked from here on */
    }
    for (int i = 0; i < HOT_CALLS; i++) {
        Pos block = take(cache, 5);

        ck_assert_uint_eq(cache->spare_count[5], 1);
        ck_assert_uint_eq(cache->stacks[5], 0);
        give(cache, block);
        ck_assert_int_eq(bench.state[block], AT_HEAP);
    }
    cache_end(cache, true, sink, NULL);
    bench.caches[1] = NULL;
    cache_drain(bench.caches[0], false, sink, NULL);
    cache_drain_pool(bench.pool, sink, NULL);
    ck_assert_uint_eq(bench.cached, 0);
    free(bench.pool);
}
END_TEST

/* Each size is the smallest that suffices for what is rounded up to it. */
START_TEST(sizes_suffice)
{
    for (size_t units = 1; units <= SIZES_LARGEST; units++) {
        size_t number = sizes_number(units);
        size_t rest = sizes_units(number) - units;
        size_t down = sizes_down(units);

        if (number > SIZES || sizes_units(number) < units || sizes_units(number - 1) >= units ||
            rest * SIZES_STEPS >= units || (units <= SIZES_SMALL && rest != 0)) {
            ck_abort_msg("%zu units are of size %zu", units, number);
        }
        if (down > units || sizes_units(sizes_number(down)) != down ||
            (down != units && sizes_number(down) + 1 != number)) {
            ck_abort_msg("down from %zu units are %zu", units, down);
        }
    }
    ck_assert_uint_eq(sizes_number(SIZES_LARGEST), SIZES);
    ck_assert_uint_eq(sizes_units(SIZES), SIZES_LARGEST);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("cache");

    tcase_add_test(tests, sizes_suffice);
    tcase_add_loop_test(tests, nothing_is_lost, 0, 3);
    tcase_add_test(tests, magazines_leave_room);
    tcase_add_test(tests, empty_ones_go_back);
    tcase_add_loop_test(tests, spare_ones_are_few, 0, 3);
    tcase_add_test(tests, stacks_come_and_go);
    tcase_add_test(tests, no_stack_is_left);
    return support_end();
}
