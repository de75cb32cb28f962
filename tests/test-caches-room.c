/* SPDX-License-Identifier: MIT
 *
 * A call fails for lack of memory only if no free run suffices, counting what caches have: caches
 * of idle threads, of ended ones, and of busy ones. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cached-bed.h"

enum { SIZE = 1 << 20, THREADS = 8, EACH = 8000, WAYS = 4 };

typedef struct Filler {
    const Bed *bed;
    pthread_t thread;
    pthread_barrier_t *barrier; /* for all threads */
    pthread_barrier_t *idle;    /* for the threads that stay, and the test */
    char *blocks[EACH];
    size_t count;
    size_t number;
    bool frees; /* frees its own blocks */
    bool failed;
} Filler;

static size_t size_of(const Filler *filler, size_t at)
{
    static const size_t sizes[] = {16, 100, 24, 1000, 8, 400, 2048, 64};

    return sizes[(filler->number + at / 16) % (sizeof sizes / sizeof sizes[0])];
}

static void *fill(void *argument)
{
    Filler *filler = argument;
    Mem_Region *region = filler->bed->region;

    for (size_t i = 0; i < 128; i += 16) {
        cached_warm_up(filler->bed, size_of(filler, i));
    }
    pthread_barrier_wait(filler->barrier);
    while (filler->count < EACH) {
        char *block = Mem_RegionAlloc(region, size_of(filler, filler->count));

        if (block == NULL) {
            filler->failed |= errno != ENOMEM;
            break;
        }
        filler->blocks[filler->count++] = block;
    }
    pthread_barrier_wait(filler->barrier);
    if (filler->frees) {
        filler->failed |= !cached_free_all(filler->bed, filler->blocks, filler->count);
    }
    if (filler->number % 2 == 0) { /* the others have ended */
        pthread_barrier_wait(filler->idle);
        pthread_barrier_wait(filler->idle);
    }
    return NULL;
}

/* Asks for the whole region at once, in one of several ways. */
static char *take_whole(const Bed *bed, int way)
{
    Mem_Region *region = bed->region;
    char *block;

    switch (way) {
    case 0:
        return Mem_RegionAlloc(region, bed->capacity);
    case 1:
        return Mem_RegionCalloc(region, 1, bed->capacity);
    case 2:
        return Mem_RegionAlignedAlloc(region, UNIT, bed->capacity);
    default:
        block = Mem_RegionAlloc(region, 1);
        return Mem_RegionRealloc(region, block, bed->capacity);
    }
}

/* Threads fill the region, and everything is freed, by them or by another thread. Half of them are
 * idle, and half have ended. Then one call takes everything. */
START_TEST(one_call_has_all)
{
    static Filler fillers[THREADS];
    Bed bed = cached_open(_i / WAYS, SIZE);
    pthread_barrier_t barrier, idle;
    char *whole;

    cached_warm_up(&bed, UNIT); /* then other threads get caches as soon as they ask */
    for (int frees = 0; frees < 2; frees++) {
        ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
        ck_assert_int_eq(pthread_barrier_init(&idle, NULL, THREADS / 2 + 1), 0);
        for (size_t i = 0; i < THREADS; i++) {
            fillers[i] = (Filler){&bed, .barrier = &barrier, .idle = &idle, .number = i,
                                  .frees = frees != 0};
            ck_assert_int_eq(pthread_create(&fillers[i].thread, NULL, fill, &fillers[i]), 0);
        }
        for (size_t i = 1; i < THREADS; i += 2) {
            ck_assert_int_eq(pthread_join(fillers[i].thread, NULL), 0);
        }
        pthread_barrier_wait(&idle);
        ck_assert(frees != 0 || bed_stats(&bed).largest_free < 2048);
        for (size_t i = 0; i < THREADS && frees == 0; i++) {
            ck_assert(cached_free_all(&bed, fillers[i].blocks, fillers[i].count));
        }
        whole = take_whole(&bed, _i % WAYS);
        ck_assert_ptr_nonnull(whole);
        checked_sound(&bed);
        ck_assert_int_eq(Mem_RegionFree(bed.region, whole), 0);
        pthread_barrier_wait(&idle);
        for (size_t i = 0; i < THREADS; i++) {
            ck_assert(!fillers[i].failed);
            ck_assert(i % 2 != 0 || pthread_join(fillers[i].thread, NULL) == 0);
        }
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* Each request fails only if no free run is large enough, while a sleeping thread has full
 * caches. */
START_TEST(failures_are_right)
{
    static Filler filler;
    Bed bed = cached_open(_i, SIZE);
    Random source = support_random("failures_are_right", _i);
    size_t operations = support_operations(1500);
    pthread_barrier_t barrier, idle;
    static char *blocks[3000];
    size_t failures = 0;

    cached_warm_up(&bed, UNIT);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 1), 0);
    ck_assert_int_eq(pthread_barrier_init(&idle, NULL, 2), 0);
    filler = (Filler){&bed, .barrier = &barrier, .idle = &idle, .frees = true};
    ck_assert_int_eq(pthread_create(&filler.thread, NULL, fill, &filler), 0);
    pthread_barrier_wait(&idle);
    for (size_t i = 0; i < operations; i++) {
        char **block = &blocks[random_below(&source, 3000)];
        size_t size = 1 + random_scaled(&source, bed.capacity / 16);

        if (*block == NULL) {
            *block = checked_alloc(&bed, size);
            failures += *block == NULL;
        } else if (i % 4 == 0) {
            char *resized = checked_realloc(&bed, *block, size);

            failures += resized == NULL;
            *block = resized == NULL ? *block : resized;
        } else if (i % 3 == 0) {
            checked_free(&bed, *block);
            *block = NULL;
        }
    }
    ck_assert(failures > 10 || operations < 1000);
    pthread_barrier_wait(&idle);
    ck_assert_int_eq(pthread_join(filler.thread, NULL), 0);
    for (size_t i = 0; i < 3000; i++) {
        checked_free(&bed, blocks[i]);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

typedef struct Nearly {
    const Bed *bed;
    size_t failures; /* atomic */
    bool failed;
} Nearly;

/* Frees and allocates blocks of one size, of which `count` fit. */
static void *go_on(void *argument)
{
    enum { HELD = 50 };
    Nearly *nearly = argument;
    char *blocks[HELD] = {0};
    size_t operations = support_operations(10000);
    Random source = {operations};

    for (size_t i = 0; i < operations; i++) {
        char **block = &blocks[random_below(&source, HELD)];

        if (*block != NULL && Mem_RegionFree(nearly->bed->region, *block) != 0) {
            __atomic_store_n(&nearly->failed, true, __ATOMIC_RELAXED);
        }
        *block = Mem_RegionAlloc(nearly->bed->region, 64);
        __atomic_fetch_add(&nearly->failures, *block == NULL, __ATOMIC_RELAXED);
    }
    cached_free_all(nearly->bed, blocks, HELD);
    return NULL;
}

/* The region is 95 to 99 % full. What two threads need fits, so no call fails. */
START_TEST(nearly_full_regions_go_on)
{
    enum { PAIR = 2 };
    static const size_t percents[] = {95, 97, 98, 99};
    static char *blocks[20 * SIZE / 64];
    Bed bed = cached_open(_i / 4, SIZE);
    Nearly nearly = {.bed = &bed};
    size_t most = bed.capacity / 64 * percents[_i % 4] / 100;
    pthread_t threads[PAIR];

    cached_warm_up(&bed, UNIT);
    ck_assert_uint_lt(most, sizeof blocks / sizeof blocks[0]);
    for (size_t i = 0; i < most; i++) {
        blocks[i] = Mem_RegionAlloc(bed.region, 64);
        ck_assert_ptr_nonnull(blocks[i]);
    }
    for (int i = 0; i < PAIR; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, go_on, &nearly), 0);
    }
    for (int i = 0; i < PAIR; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert(!nearly.failed);
    ck_assert_uint_eq(nearly.failures, 0);
    checked_sound(&bed);
    ck_assert(cached_free_all(&bed, blocks, most));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("caches-room");

    tcase_add_loop_test(tests, one_call_has_all, 0, WAYS * CACHED_VARIANTS);
    tcase_add_loop_test(tests, failures_are_right, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, nearly_full_regions_go_on, 0, 4 * CACHED_VARIANTS);
    return support_end();
}
