/* SPDX-License-Identifier: MIT
 *
 * Caches in isolation: stacks, loose spans, inboxes, the pool. */
#include <stdlib.h>

#include "cache-bench.h"

/* Caches allocate and free in bursts, of few classes at a time, and free blocks of other caches.
 * The pool is too small, just large enough, or large. */
START_TEST(nothing_is_lost)
{
    static const size_t pieces[] = {3, 40, 4000};
    Random source = support_random("nothing_is_lost", _i);
    size_t operations = support_operations(400);

    bench_open(BENCH_CACHES, pieces[_i]);
    for (size_t i = 0; i < operations; i++) {
        Cache *cache = bench.caches[random_below(&source, BENCH_CACHES)];
        size_t size_class = 1 + random_scaled(&source, SIZES - 1);
        size_t count = random_scaled(&source, 600);

        if (i % 2 == 0) {
            bench_take_many(cache, size_class, count);
        } else {
            bench_give_many(cache, count);
        }
    }
    bench_close();
}
END_TEST

static size_t count_spans(void)
{
    size_t count = 0;

    for (size_t at = 0; at < BENCH_GRANULES; at++) {
        count += bench.granules.tags[at] != 0 && bench.granules.offsets[at] == 0;
    }
    return count;
}

/* A stack grows up to its limit, and then forgets its older half; empty spans then leave. */
START_TEST(stacks_grow_and_forget)
{
    size_t capacity = 0;
    size_t spans;
    Cache *cache;

    bench_open(1, 4000);
    cache = bench.caches[0];
    ck_assert_uint_eq(bench_take_many(cache, 2, 2000), 2000);
    spans = count_spans();
    for (int i = 0; i < 200; i++) {
        bench_give_many(cache, 10);
        ck_assert_uint_ge(cache->classes[2].capacity, capacity);
        capacity = cache->classes[2].capacity;
    }
    ck_assert_uint_ge(2 * capacity, bench.pool->stack_units / 2);
    ck_assert_uint_lt(capacity, 1000);
    ck_assert_uint_ge(cache_count(cache, 2), capacity / 2);
    ck_assert_uint_lt(count_spans(), spans);
    bench_close();
}
END_TEST

static int compare(const void *a, const void *b)
{
    Pos first = *(const Pos *)a;
    Pos second = *(const Pos *)b;

    return first < second ? -1 : first > second;
}

/* Blocks that a stack has forgotten are found again in their spans: no further span is taken. The
 * first block of a span is taken first. */
START_TEST(loose_spans_are_used_first)
{
    enum { CLASS = 8, EACH = GRANULE_UNITS / CLASS, SPANS = 20, COUNT = SPANS * EACH };
    Cache *cache;

    bench_open(1, 4000);
    cache = bench.caches[0];
    ck_assert_uint_eq(bench_take_many(cache, CLASS, COUNT), COUNT);
    ck_assert_uint_eq(count_spans(), SPANS);
    for (size_t i = 1; i < COUNT; i++) {
        ck_assert_uint_eq(bench.held[i], bench.held[i - 1] + CLASS);
    }
    for (int round = 0; round < 3; round++) {
        qsort(bench.held, COUNT, sizeof bench.held[0], compare);
        for (size_t i = 0; i < COUNT; i++) {
            if (i % EACH != 0) { /* one stays in each span */
                bench_give(cache, bench.held[i]);
            }
        }
        for (size_t i = 0; i < SPANS; i++) {
            bench.held[i] = bench.held[i * EACH];
        }
        bench.count = SPANS;
        bench_check();
        ck_assert_uint_ne(cache->classes[CLASS].loose, 0);
        ck_assert_uint_eq(bench_take_many(cache, CLASS, COUNT - SPANS), COUNT - SPANS);
        ck_assert_uint_eq(count_spans(), SPANS);
    }
    bench_close();
}
END_TEST

/* An unused class loses its stack, and begins anew; its blocks are found in its spans. */
START_TEST(classes_cool)
{
    Cache *cache;
    size_t held;

    bench_open(1, 4000);
    cache = bench.caches[0];
    held = bench_take_many(cache, 5, 100);
    bench_give_many(cache, 60);
    ck_assert_uint_ne(cache->classes[5].stack, 0);
    for (size_t i = 0; i < 2 * SIZES; i++) {
        cache_cool(cache);
    }
    bench_check();
    ck_assert_uint_eq(cache->classes[5].stack, 0);
    ck_assert_uint_ne(cache->classes[5].loose, 0);
    ck_assert(!cache_is_busy(cache, 5));
    ck_assert_uint_eq(held, 100);
    ck_assert_uint_eq(bench_take_many(cache, 5, 60), 60);
    /* A class used in between keeps its stack. */
    for (size_t i = 0; i < 4 * SIZES; i++) {
        if (cache_cool(cache) == 4) {
            bench_give_many(cache, 1);
        }
    }
    ck_assert_uint_ne(cache->classes[5].stack, 0);
    bench_close();
}
END_TEST

/* Only empty spans are dropped, with their positions on the stack; a span in an inbox is not. */
START_TEST(empty_spans_are_dropped)
{
    enum { CLASS = 64, EACH = GRANULE_UNITS / CLASS };
    Cache *cache, *other;
    Pos first;

    bench_open(2, 4000);
    cache = bench.caches[0];
    other = bench.caches[1];
    ck_assert_uint_eq(bench_take_many(cache, CLASS, 3 * EACH), 3 * EACH);
    first = (Pos)granule_of(bench.held[0]);
    for (int i = 0; i < 3 * EACH; i++) {
        bench_give(i % 2 == 0 ? cache : other, bench.held[i]);
        bench_check();
    }
    bench.count = 0;
    for (size_t i = 0; i < 2 * SIZES; i++) { /* makes all spans loose */
        cache_cool(cache);
    }
    bench_drop(cache, CLASS, BENCH_GRANULES); /* none: they are in the inbox */
    ck_assert_uint_ne(bench.granules.tags[first], 0);
    cache_collect(cache, 1);
    bench_check();
    bench_drop(cache, CLASS, BENCH_GRANULES);
    bench_check();
    ck_assert_uint_eq(count_spans(), 2);
    bench_close();
}
END_TEST

/* With an exhausted pool there are no stacks, or they do not grow, and no cache; yet all blocks are
 * found. */
START_TEST(pool_is_used_up)
{
    for (size_t pieces = 1; pieces < 12; pieces++) {
        bench_open(1, pieces);
        ck_assert_ptr_null(bench_create());
        for (size_t size_class = 1; size_class < 20; size_class++) {
            bench_take_many(bench.caches[0], size_class, 80);
            ck_assert_ptr_null(bench_create());
            bench_check();
        }
        bench_give_many(bench.caches[0], bench.count);
        ck_assert_ptr_null(bench_create());
        bench_close();
    }
}
END_TEST

/* The last cache that fits ends where the pool does. */
START_TEST(caches_are_as_many_as_fit)
{
    for (size_t pieces = 0; pieces < 4; pieces++) {
        size_t count = 0;

        bench_open(0, 5 * sizeof(Cache) / PIECE_BYTES + pieces);
        for (size_t i = 0; i < pieces; i++) {
            ck_assert_ptr_nonnull(
                pool_take_stack(bench.pool, 14)); /* and hides it from the check */
        }
        while (bench_create() != NULL) {
            count++;
        }
        ck_assert_uint_ge(count, 4);
        ck_assert_uint_le(count, 5);
        ck_assert_uint_le(bench.pool->fresh, bench.pool->end);
    }
    /* And there are no more caches than the heap has granules for. */
    bench_open(0, 20 * sizeof(Cache) / PIECE_BYTES);
    for (Pos i = 0; i < BENCH_GRANULES / 16; i++) {
        ck_assert_ptr_nonnull(bench_create());
    }
    ck_assert_ptr_null(bench_create());
    bench_check();
}
END_TEST

/* A span is posted once, whatever is freed in it, and collected once; then it may be posted
 * again. */
START_TEST(inbox_has_each_span_once)
{
    enum { CLASS = 16, EACH = GRANULE_UNITS / CLASS };
    Cache *cache, *other;

    bench_open(2, 4000);
    cache = bench.caches[0];
    other = bench.caches[1];
    for (int round = 0; round < 3; round++) {
        ck_assert_uint_eq(bench_take_many(cache, CLASS, 4 * EACH), 4 * EACH);
        bench_give_many(other, 4 * EACH);
        ck_assert(cache->inbox.watched);
        ck_assert_uint_ne(cache->inbox.first, 0);
        cache_collect(cache, 1);
        bench_check();
        ck_assert_uint_ne(cache->inbox.first, 0);
        cache_collect(cache, 3);
        ck_assert_uint_eq(cache->inbox.first, 0);
        ck_assert_uint_eq(inbox_take(&cache->inbox, &bench.granules), 0);
        bench_check();
    }
    ck_assert_uint_eq(count_spans(), 4);
    bench_close();
}
END_TEST

/* Begins a free by another thread: sets the remote bit, as a free does before its second look at
 * the live bit. */
static void begin_free(size_t block)
{
    bench.granules.remote[block / LIVE_WORD_BITS] |= live_mask(block);
}

/* A free by another thread and the owner's meet: one of them counts, and the block is found. */
START_TEST(frees_that_meet)
{
    Cache *cache;
    Pos block;

    bench_open(1, 4000);
    cache = bench.caches[0];
    cache->inbox.watched = true;
    bench_take_many(cache, 3, 20);
    /* The owner comes second: it is told, and the other free counts. */
    block = bench.held[--bench.count];
    begin_free(block);
    ck_assert_int_eq((int)bench_free(cache, block), (int)CACHE_TWICE);
    bench.has[block] = false;
    bench_check();
    ck_assert_int_eq((int)inbox_decide(&cache->inbox, &bench.granules, block), (int)CACHE_FREED);
    bench_check();
    /* The owner came first, and looked before the remote bit was set. */
    block = bench.held[--bench.count];
    ck_assert_int_eq((int)bench_free(cache, block), (int)CACHE_FREED);
    bench.has[block] = false;
    begin_free(block);
    ck_assert_int_eq((int)inbox_decide(&cache->inbox, &bench.granules, block), (int)CACHE_TWICE);
    bench_check();
    /* The owner has allocated the block again since: then the other free ends the new block. */
    ck_assert_uint_eq(bench_take(cache, 3), block);
    begin_free(block);
    ck_assert_int_eq((int)inbox_decide(&cache->inbox, &bench.granules, block), (int)CACHE_FREED);
    bench.has[block] = false;
    bench_check();
    ck_assert_int_eq((int)bench_free(cache, block), (int)CACHE_TWICE);
    bench_close();
}
END_TEST

/* Each class is the smallest that suffices for the requests rounded up to it. */
START_TEST(sizes_suffice)
{
    for (size_t units = 1; units <= SIZES_LARGEST; units++) {
        size_t size_class = sizes_class(units);
        size_t rest = sizes_units(size_class) - units;
        size_t down = sizes_down(units);

        if (size_class > SIZES || sizes_units(size_class) < units ||
            sizes_units(size_class - 1) >= units || rest * SIZES_STEPS >= units ||
            (units <= SIZES_SMALL && rest != 0)) {
            ck_abort_msg("%zu units are of size %zu", units, size_class);
        }
        if (down > units || sizes_units(sizes_class(down)) != down ||
            (down != units && sizes_class(down) + 1 != size_class)) {
            ck_abort_msg("down from %zu units are %zu", units, down);
        }
    }
    ck_assert_uint_eq(sizes_class(SIZES_LARGEST), SIZES);
    ck_assert_uint_eq(sizes_units(SIZES), SIZES_LARGEST);
}
END_TEST

/* A span has room for its blocks, and no shorter one wastes less; the bits of a granule fill cache
 * lines. */
START_TEST(spans_fit)
{
    bench_open(0, 1);
    for (size_t size_class = 1; size_class <= SIZES; size_class++) {
        SpanShape shape = span_shape(&bench.granules, size_class);
        size_t left = shape.granules * GRANULE_UNITS - shape.blocks * shape.units;

        ck_assert_uint_eq(shape.units, sizes_units(size_class));
        ck_assert_uint_ge(shape.blocks, 1);
        ck_assert_uint_lt(left, shape.units);
        ck_assert_uint_le(shape.granules, 15);
        ck_assert_uint_le(6 * left, shape.granules * GRANULE_UNITS);
        for (size_t fewer = 1; fewer < shape.granules; fewer++) {
            ck_assert(fewer * GRANULE_UNITS < shape.units ||
                      fewer * GRANULE_UNITS % shape.units * shape.granules > left * fewer);
        }
    }
    ck_assert_uint_eq(GRANULE_UNITS / 8 % 64, 0);
}
END_TEST

/* Data written by other threads shares no cache line with data written by the owner. */
START_TEST(lines_are_apart)
{
    ck_assert_uint_eq(sizeof(Cache) % 128, 0);
    ck_assert_uint_eq(offsetof(Cache, inbox) % 128, 0);
    ck_assert_uint_eq(offsetof(Cache, classes) % 128, 0);
    ck_assert_uint_ge(offsetof(Cache, classes), offsetof(Cache, inbox) + sizeof(Inbox));
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("cache");

    tcase_add_test(tests, sizes_suffice);
    tcase_add_test(tests, spans_fit);
    tcase_add_test(tests, lines_are_apart);
    tcase_add_loop_test(tests, nothing_is_lost, 0, 3);
    tcase_add_test(tests, stacks_grow_and_forget);
    tcase_add_test(tests, loose_spans_are_used_first);
    tcase_add_test(tests, classes_cool);
    tcase_add_test(tests, empty_spans_are_dropped);
    tcase_add_test(tests, pool_is_used_up);
    tcase_add_test(tests, caches_are_as_many_as_fit);
    tcase_add_test(tests, inbox_has_each_span_once);
    tcase_add_test(tests, frees_that_meet);
    return support_end();
}
