/* SPDX-License-Identifier: MIT
 *
 * One thread has used a cache of a region so far, and then a second thread comes. */
#include <errno.h>
#include <pthread.h>

#include "cached-bed.h"

enum { SIZE = 1 << 22, MOST = 400 };

typedef struct Second {
    const Bed *bed;
    char *block;
    size_t size;
    int result;
    int error;
} Second;

static void run(Second *second, void *(*work)(void *))
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, work, second), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* Makes a few calls: the thread has no cache of its own. */
static void *free_one(void *argument)
{
    Second *second = argument;

    errno = 0;
    second->result = Mem_RegionFree(second->bed->region, second->block);
    second->error = errno;
    return NULL;
}

/* Makes enough calls to get a cache. */
static void *come(void *argument)
{
    Second *second = argument;

    cached_warm_up(second->bed, second->size);
    return NULL;
}

static char *alloc(const Bed *bed, size_t size)
{
    char *block = Mem_RegionAlloc(bed->region, size);

    ck_assert_ptr_nonnull(block);
    pattern_fill(block, Mem_RegionSize(bed->region, block));
    return block;
}

/* Allocates many blocks, and frees all but a few, which wait in the cache. */
static void fill_cache(const Bed *bed, char **blocks, size_t size)
{
    for (size_t i = 0; i < MOST; i++) {
        blocks[i] = alloc(bed, size);
    }
    for (size_t i = 0; i < MOST; i++) {
        checked_pattern(bed, blocks[i]);
        ck_assert_int_eq(Mem_RegionFree(bed->region, blocks[i]), 0);
    }
}

/* The second thread frees blocks that wait in the first one's cache: refused. */
START_TEST(what_the_first_has_is_refused)
{
    Bed bed = cached_open(_i, SIZE);
    char *blocks[MOST];

    for (size_t size = 1; size <= 1024; size += 93) {
        cached_warm_up(&bed, size);
        for (size_t i = 1; i <= MOST; i *= 3) {
            Second second = {.bed = &bed};

            fill_cache(&bed, blocks, size);
            second.block = blocks[MOST - i];
            run(&second, free_one);
            ck_assert_int_eq(second.result, -1);
            ck_assert_int_eq(second.error, EINVAL);
            checked_sound(&bed);
        }
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* The second thread frees blocks that the first has allocated, once. */
START_TEST(what_the_first_uses_is_freed)
{
    Bed bed = cached_open(_i, SIZE);
    char *blocks[MOST];

    for (size_t size = 1; size <= 1024; size += 93) {
        Second second = {.bed = &bed};

        cached_warm_up(&bed, size);
        fill_cache(&bed, blocks, size);
        second.block = alloc(&bed, size);
        run(&second, free_one);
        ck_assert_int_eq(second.result, 0);
        checked_refused(&bed, second.block);
        checked_sound(&bed);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* The second thread gets a cache, too. Freed blocks in the first one's cache are handed out once,
 * and freed once, whatever was written to them. */
START_TEST(the_second_gets_a_cache)
{
    Bed bed = cached_open(_i, SIZE);
    char *blocks[MOST];
    size_t size = (size_t)24 << _i;
    Second second = {&bed, NULL, size, 0, 0};

    cached_warm_up(&bed, size);
    fill_cache(&bed, blocks, size);
    memset(blocks[MOST - 1], 0xff, size);
    memset(blocks[MOST - 2], 0, size);
    run(&second, come);
    for (int round = 0; round < 3; round++) {
        fill_cache(&bed, blocks, size);
        ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[MOST - 1 - round]), -1);
        checked_sound(&bed);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* The same if the first thread has ended. */
START_TEST(the_second_is_left_a_cache)
{
    Bed bed = cached_open(_i, SIZE);
    Second second = {&bed, NULL, 100, 0, 0};
    char *blocks[MOST];

    for (int round = 0; round < 5; round++) {
        run(&second, come);
        checked_sound(&bed);
        run(&second, come);
    }
    cached_warm_up(&bed, 100);
    fill_cache(&bed, blocks, 100);
    ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[MOST - 1]), -1);
    run(&second, come);
    fill_cache(&bed, blocks, 100);
    ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[MOST - 1]), -1);
    checked_sound(&bed);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

enum { EACH = 4, TINY = 16 };

typedef struct Pair {
    const Bed *bed;
    pthread_barrier_t barrier;
    char *blocks[2][EACH];
    unsigned next; /* number of the next thread */
} Pair;

/* Allocates and frees its share in any order. */
static void *use_every_other(void *argument)
{
    Pair *pair = argument;
    unsigned number = __atomic_fetch_add(&pair->next, 1, __ATOMIC_RELAXED);
    char **blocks = pair->blocks[number];
    Random source = support_random("use_every_other", (int)number);
    size_t operations = support_operations(400000);

    cached_warm_up(pair->bed, TINY);
    pthread_barrier_wait(&pair->barrier);
    pthread_barrier_wait(&pair->barrier);
    for (size_t i = 0; i < operations; i++) {
        size_t at = random_below(&source, EACH);

        if (blocks[at] == NULL) {
            blocks[at] = Mem_RegionAlloc(pair->bed->region, TINY);
        } else {
            Mem_RegionFree(pair->bed->region, blocks[at]);
            blocks[at] = NULL;
        }
    }
    pthread_barrier_wait(&pair->barrier);
    cached_free_all(pair->bed, blocks, EACH);
    return NULL;
}

/* Two threads own every other block of a row of small blocks, so their bits are side by side. No
 * block ever looks as if it were freed twice, for which all caches would have to be hidden. */
START_TEST(every_other_block)
{
    Bed bed = cached_open(_i, SIZE);
    Pair pair = {.bed = &bed};
    pthread_t threads[2];
    unsigned before;

    cached_warm_up(&bed, 200);
    for (size_t i = 0; i < 2 * EACH; i++) {
        pair.blocks[i % 2][i / 2] = Mem_RegionAlloc(bed.region, TINY);
    }
    ck_assert_int_eq(pthread_barrier_init(&pair.barrier, NULL, 3), 0);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_every_other, &pair), 0);
    }
    pthread_barrier_wait(&pair.barrier); /* both have caches now */
    before = cached_barriers;
    pthread_barrier_wait(&pair.barrier);
    pthread_barrier_wait(&pair.barrier);
    ck_assert_uint_eq(cached_barriers, before);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    checked_sound(&bed);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("caches-second");

    tcase_add_loop_test(tests, what_the_first_has_is_refused, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, what_the_first_uses_is_freed, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, the_second_gets_a_cache, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, the_second_is_left_a_cache, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, every_other_block, 0, CACHED_VARIANTS);
    return support_end();
}
