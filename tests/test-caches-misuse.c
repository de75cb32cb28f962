/* SPDX-License-Identifier: MIT
 *
 * Every bad free of a block from caches is caught, whoever makes it, and whatever was written
 * since. Freed blocks in a cache are neither read nor written. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cached-bed.h"
#include "sanitized.h"

enum { SIZE = 1 << 23, THREADS_MOST = 8, BLOCKS = 48, RACED = 200 };

/* The place of the region, and the number of its threads. */
typedef enum Place { PLACE_MAPPED, PLACE_INSIDE, PLACE_DEFAULT, PLACES } Place;

static const size_t thread_counts[] = {1, 2, THREADS_MOST};

enum { VARIANTS = 3 * PLACES };

/* Gives the calling thread a cache first: preparing caches takes the system a while, and other
 * threads do without meanwhile. */
static Bed open_place(int variant)
{
    Bed bed;

    switch (variant / 3) {
    case PLACE_DEFAULT:
        support_cache(true);
        bed = bed_open(KIND_DEFAULT, SIZE);
        bed.is_cached = true;
        break;
    case PLACE_INSIDE:
        bed = cached_open(2, (1 + thread_counts[variant % 3] / 2) * CACHED_INSIDE); /* for all */
        break;
    default:
        bed = cached_open(0, SIZE);
        break;
    }
    cached_warm_up(&bed, UNIT);
    return bed;
}

typedef struct Crowd {
    const Bed *bed;
    size_t threads;
    pthread_barrier_t barrier;
    pthread_mutex_t taking;
    char *blocks[THREADS_MOST][BLOCKS]; /* blocks of each thread; every other one stays in use */
    char *raced[RACED];
    size_t freed;    /* how many of these were freed */
    size_t bad_ones; /* refused frees */
    size_t next;     /* number of the next thread */
    int failed;      /* the line of a call that did not do as expected; 0: all did */
    char fault[200]; /* that a check found last */
} Crowd;

static const size_t sizes[] = {24, 8, 100, 1000, 56, 3000, 504, 16};

enum { SIZES_USED = sizeof sizes / sizeof sizes[0] };

static size_t size_of(size_t at)
{
    return sizes[at / 2 % SIZES_USED];
}

#define expect(crowd, holds) expect_at(crowd, holds, __LINE__)
static void expect_at(Crowd *crowd, bool holds, int line)
{
    if (!holds) {
        __atomic_store_n(&crowd->failed, line, __ATOMIC_RELAXED);
    }
}

static void check(Crowd *crowd)
{
    char fault[sizeof crowd->fault];
    bool sound = Mem_RegionCheckReport(crowd->bed->region, fault, sizeof fault) == 0;

    if (!sound) {
        memcpy(crowd->fault, fault, sizeof fault);
    }
    expect(crowd, sound);
}

/* Verifies that all functions refuse a pointer. */
static void try_bad(Crowd *crowd, char *pointer)
{
    Mem_Region *region = crowd->bed->region;

    errno = 0;
    expect(crowd, Mem_RegionFree(region, pointer) == -1 && errno == EINVAL);
    errno = 0;
    expect(crowd, Mem_RegionRealloc(region, pointer, 40) == NULL && errno == EINVAL);
    errno = 0;
    expect(crowd, Mem_RegionSize(region, pointer) == 0 && errno == EINVAL);
    __atomic_fetch_add(&crowd->bad_ones, 2, __ATOMIC_RELAXED);
}

/* Takes blocks of each size after it has become busy, so all are in spans. One thread at a time does:
 * while another one looks at caches, the heap would serve this one. */
static void take_blocks(Crowd *crowd, char **blocks)
{
    pthread_mutex_lock(&crowd->taking);
    for (size_t k = 0; k < SIZES_USED; k++) {
        cached_warm_up(crowd->bed, sizes[k]);
        for (size_t i = 0; i < BLOCKS; i++) {
            if (size_of(i) == sizes[k]) {
                blocks[i] = Mem_RegionAlloc(crowd->bed->region, sizes[k]);
                expect(crowd, blocks[i] != NULL);
            }
        }
    }
    pthread_mutex_unlock(&crowd->taking);
    pthread_barrier_wait(&crowd->barrier);
}

static void *free_twice(void *argument)
{
    Crowd *crowd = argument;
    Mem_Region *region = crowd->bed->region;
    size_t number = __atomic_fetch_add(&crowd->next, 1, __ATOMIC_RELAXED);
    char **own = crowd->blocks[number];
    char **others = crowd->blocks[(number + 1) % crowd->threads];

    take_blocks(crowd, own);
    check(crowd);
    pthread_barrier_wait(&crowd->barrier);
    /* The owner frees a quarter, another thread a quarter. */
    for (size_t i = 0; i < BLOCKS; i += 4) {
        expect(crowd, Mem_RegionFree(region, own[i]) == 0);
        expect(crowd, Mem_RegionFree(region, others[i + 2]) == 0);
    }
    check(crowd);
    pthread_barrier_wait(&crowd->barrier);
    /* Writes to freed blocks, which nobody else writes to. */
    for (size_t i = 0; i < BLOCKS; i += 2) {
        memset(own[i], (int)(0x5a + number), size_of(i));
    }
    pthread_barrier_wait(&crowd->barrier);
    for (size_t i = 0; i < BLOCKS; i += 2) {
        try_bad(crowd, own[i]);
        try_bad(crowd, others[i]);
        if (size_of(i) > UNIT) {
            try_bad(crowd, own[i] + UNIT);        /* inside a freed block … */
            try_bad(crowd, others[i + 1] + UNIT); /* … and inside a block in use */
        }
        check(crowd);
    }
    pthread_barrier_wait(&crowd->barrier);
    for (size_t i = 0; i < BLOCKS; i += 2) {
        for (size_t k = 0; k < size_of(i); k++) {
            expect(crowd, own[i][k] == (char)(0x5a + number));
        }
    }
    pthread_barrier_wait(&crowd->barrier);
    for (size_t i = 1; i < BLOCKS; i += 2) {
        expect(crowd, Mem_RegionFree(region, own[i]) == 0);
    }
    return NULL;
}

static void run(Crowd *crowd, void *(*work)(void *))
{
    pthread_t threads[THREADS_MOST];

    ck_assert_int_eq(pthread_barrier_init(&crowd->barrier, NULL, (unsigned)crowd->threads), 0);
    ck_assert_int_eq(pthread_mutex_init(&crowd->taking, NULL), 0);
    for (size_t i = 0; i < crowd->threads; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, crowd), 0);
    }
    for (size_t i = 0; i < crowd->threads; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_msg(crowd->failed == 0, "line %d: %s", crowd->failed, crowd->fault);
    ck_assert_uint_eq(bed_stats(crowd->bed).misuses, crowd->bad_ones);
}

START_TEST(bad_frees_one_after_another)
{
    Bed bed = open_place(_i);
    Crowd crowd = {.bed = &bed, .threads = thread_counts[_i % 3]};

    run(&crowd, free_twice);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* All threads free the same blocks, some of which are their own: exactly one succeeds for each. */
static void *race(void *argument)
{
    Crowd *crowd = argument;
    Mem_Region *region = crowd->bed->region;
    size_t number = __atomic_fetch_add(&crowd->next, 1, __ATOMIC_RELAXED);
    size_t rounds = support_operations(10);

    for (size_t k = 0; k < SIZES_USED; k++) {
        cached_warm_up(crowd->bed, sizes[k]);
    }
    for (size_t round = 0; round < rounds; round++) {
        size_t freed = 0;

        for (size_t i = number; i < RACED; i += crowd->threads) {
            crowd->raced[i] = Mem_RegionAlloc(region, size_of(i));
            expect(crowd, crowd->raced[i] != NULL);
        }
        pthread_barrier_wait(&crowd->barrier);
        for (size_t i = 0; i < RACED; i++) {
            /* Some start elsewhere, or go the other way. */
            size_t at = (number % 2 == 0 ? i : RACED - 1 - i) + number / 2 * (RACED / 4);

            freed += Mem_RegionFree(region, crowd->raced[at % RACED]) == 0;
        }
        __atomic_fetch_add(&crowd->freed, freed, __ATOMIC_RELAXED);
        __atomic_fetch_add(&crowd->bad_ones, RACED - freed, __ATOMIC_RELAXED);
        pthread_barrier_wait(&crowd->barrier);
        expect(crowd, __atomic_load_n(&crowd->freed, __ATOMIC_RELAXED) == (round + 1) * RACED);
        check(crowd);
        pthread_barrier_wait(&crowd->barrier);
    }
    return NULL;
}

START_TEST(bad_frees_at_the_same_time)
{
    Bed bed = open_place(_i);
    Crowd crowd = {.bed = &bed, .threads = thread_counts[_i % 3]};

    run(&crowd, race);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A moved block's old address is refused, and the new one is freed once. */
START_TEST(moved_blocks_are_freed)
{
    Bed bed = open_place(3 * _i);
    size_t misuse_count = 0;
    size_t count = 0;

    for (size_t size = 8; size < 1000; size += 24) {
        char *block, *kept, *moved;

        cached_warm_up(&bed, size);
        block = checked_alloc(&bed, size);
        kept = checked_alloc(&bed, size); /* so that the span is not empty */
        moved = checked_realloc(&bed, block, size + 8);

        if (moved != block) { /* a block of the heap may stay in place */
            checked_refused(&bed, block);
            misuse_count += 2;
            count++;
        }
        checked_free(&bed, moved);
        checked_refused(&bed, moved);
        checked_free(&bed, kept);
        misuse_count += 2;
    }
    ck_assert_uint_eq(bed_stats(&bed).misuses, misuse_count);
    ck_assert_uint_gt(count, 20);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

#if !SANITIZED
enum { PAGES = 3, FENCED = 16 };

/* Returns the size of a block that contains whole pages, wherever it begins. */
static size_t fenced_size(void)
{
    return PAGES * support_page() - 64;
}

static void protect(char *block, int protection)
{
    uintptr_t page = support_page();
    uintptr_t first = ((uintptr_t)block + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)block + fenced_size()) & ~(page - 1);

    ck_assert_int_eq(mprotect((void *)first, end - first, protection), 0);
}

static int look(const Mem_Block *block, void *context)
{
    (void)block;
    (void)context;
    return 0;
}

static void *free_fenced(void *argument)
{
    Crowd *crowd = argument;

    for (int i = 0; i < FENCED; i += 2) {
        expect(crowd, Mem_RegionFree(crowd->bed->region, crowd->raced[i]) == 0);
        expect(crowd, Mem_RegionFree(crowd->bed->region, crowd->raced[i]) == -1);
    }
    return NULL;
}

/* Pages of blocks are unreadable while the blocks are freed, by the owner or by another thread, and
 * wait in a cache. */
START_TEST(waiting_blocks_are_not_touched)
{
    Bed bed = cached_open(_i % 2, SIZE * 16);
    Crowd crowd = {.bed = &bed, .threads = 1};

    cached_warm_up(&bed, fenced_size());
    for (int i = 0; i < FENCED; i++) {
        crowd.raced[i] = Mem_RegionAlloc(bed.region, fenced_size());
        ck_assert_ptr_nonnull(crowd.raced[i]);
    }
    for (int i = 0; i < FENCED; i += 2) { /* those between stay in use, so that no span is empty */
        protect(crowd.raced[i], PROT_NONE);
    }
    crowd.bad_ones = FENCED / 2;
    if (_i / 2 == 0) {
        free_fenced(&crowd);
    } else {
        run(&crowd, free_fenced);
    }
    ck_assert_int_eq(crowd.failed, 0);
    checked_sound(&bed);
    ck_assert_uint_eq(bed_stats(&bed).blocks_in_use, FENCED / 2);
    ck_assert_int_eq(bed_walk(&bed, look, NULL), 0);
    for (int i = 0; i < FENCED; i += 2) {
        ck_assert_uint_eq(Mem_RegionSize(bed.region, crowd.raced[i]), 0);
        ck_assert_ptr_null(Mem_RegionRealloc(bed.region, crowd.raced[i], 1));
    }
    for (int i = 0; i < FENCED; i += 2) { /* nor when they are handed out again */
        ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, fenced_size()));
    }
    for (int i = 0; i < FENCED; i += 2) {
        protect(crowd.raced[i], PROT_READ | PROT_WRITE);
    }
    checked_sound(&bed);
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST
#endif

int main(void)
{
    TCase *tests = support_begin("caches-misuse");

    tcase_add_loop_test(tests, bad_frees_one_after_another, 0, VARIANTS);
    tcase_add_loop_test(tests, bad_frees_at_the_same_time, 0, VARIANTS);
    tcase_add_loop_test(tests, moved_blocks_are_freed, 0, PLACES);
#if !SANITIZED
    tcase_add_loop_test(tests, waiting_blocks_are_not_touched, 0, 4);
#endif
    return support_end();
}
