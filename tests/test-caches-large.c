/* SPDX-License-Identifier: MIT
 *
 * Large blocks in caches: they are rounded up to a few sizes, even with one thread. */
#include <errno.h>
#include <pthread.h>
#ifdef __GLIBC__
#include <sys/single_threaded.h>
#endif

#include "cached-bed.h"

/* Bytes of a region; of a request in it that caches round up, and its rounded size; and of a region
 * where only sizes up to a 2048th of it are rounded. */
enum { SIZE = 1 << 26, LARGE = 2992, ROUNDED = 3072, SMALL = 1 << 20 };

/* Allocates a block, whose size may be rounded up. */
static char *alloc(const Bed *bed, size_t size)
{
    char *block = Mem_RegionAlloc(bed->region, size);

    ck_assert_ptr_nonnull(block);
    pattern_fill(block, Mem_RegionSize(bed->region, block));
    checked_sound(bed);
    return block;
}

static size_t size_of_one(const Bed *bed, size_t size)
{
    char *block = alloc(bed, size);
    size_t usable = Mem_RegionSize(bed->region, block);

    checked_free(bed, block);
    return usable;
}

/* Freed blocks are reused at once by each request that they suffice for; no other thread gets them
 * meanwhile. */
START_TEST(they_are_kept)
{
    Bed bed = cached_open(_i, SIZE);
    char *first, *second, *third;

    support_start_thread();
    cached_warm_up(&bed, LARGE);
    first = alloc(&bed, LARGE);
    second = alloc(&bed, LARGE);
    ck_assert_uint_eq(Mem_RegionSize(bed.region, first), ROUNDED);
    checked_free(&bed, first);
    third = alloc(&bed, ROUNDED);
    ck_assert_ptr_ne(third, second);
    checked_free(&bed, third);
    checked_free(&bed, second);
    ck_assert_uint_eq(size_of_one(&bed, LARGE + 8), ROUNDED);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* The same without a check of everything after each call. */
START_TEST(the_last_one_comes_first)
{
    Bed bed = cached_open(_i, SIZE);
    char *block;

    support_start_thread();
    cached_warm_up(&bed, LARGE);
    for (size_t size = ROUNDED - 64; size <= ROUNDED; size += 8) {
        block = Mem_RegionAlloc(bed.region, size);
        ck_assert_uint_eq(Mem_RegionSize(bed.region, block), ROUNDED);
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
        ck_assert_ptr_eq(Mem_RegionAlloc(bed.region, LARGE), block);
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A single thread has the same. */
START_TEST(a_thread_alone_has_them)
{
    Bed bed = cached_open(_i, SIZE);

    cached_warm_up(&bed, LARGE);
    ck_assert_uint_eq(size_of_one(&bed, LARGE), ROUNDED);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A size with few calls is not rounded, nor is a block larger than all classes, nor one that would
 * be too large a part of its region. */
START_TEST(others_are_exact)
{
    Bed bed = cached_open(_i, SIZE);

    support_start_thread();
    cached_warm_up(&bed, 100);
    ck_assert_uint_eq(size_of_one(&bed, LARGE), LARGE);
    cached_warm_up(&bed, 40016);
    ck_assert_uint_eq(size_of_one(&bed, 40016), 40016);
    checked_empty(&bed);
    bed_close(&bed);

    if (_i < 2) {
        bed = cached_open(_i, SMALL);
        cached_warm_up(&bed, SMALL / 256 + 16);
        ck_assert_uint_eq(size_of_one(&bed, SMALL / 256 + 16), SMALL / 256 + 16);
        checked_empty(&bed);
        bed_close(&bed);
    }
}
END_TEST

/* No request fails because of rounding, and caches give up their memory for it. */
START_TEST(room_is_used_to_the_end)
{
    Bed bed = cached_open(_i, SIZE);
    Mem_Stats before, after;
    char *most, *block;

    support_start_thread();
    cached_warm_up(&bed, LARGE);
    most = checked_alloc(&bed, bed.capacity - LARGE);
    Mem_RegionGetStats(bed.region, &before);
    block = alloc(&bed, LARGE);
    ck_assert_uint_eq(Mem_RegionSize(bed.region, block), LARGE);
    Mem_RegionGetStats(bed.region, &after);
    ck_assert_uint_eq(after.allocs, before.allocs + 1);
    ck_assert_uint_eq(after.failures, before.failures);
    ck_assert_ptr_null(Mem_RegionAlloc(bed.region, LARGE));
    ck_assert_int_eq(errno, ENOMEM);
    Mem_RegionGetStats(bed.region, &after);
    ck_assert_uint_eq(after.allocs, before.allocs + 2);
    ck_assert_uint_eq(after.failures, before.failures + 1);
    checked_free(&bed, block);
    checked_free(&bed, most);
    cached_warm_up(&bed, LARGE);
    most = checked_alloc(&bed, bed.capacity);
    checked_free(&bed, most);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(second_free_is_refused)
{
    Bed bed = cached_open(_i, SIZE);
    Mem_Stats stats;
    char *block;

    support_start_thread();
    cached_warm_up(&bed, LARGE);
    block = Mem_RegionAlloc(bed.region, LARGE);
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    errno = 0;
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(Mem_RegionFree(bed.region, block + 16), -1);
    ck_assert_int_eq(Mem_RegionGetStats(bed.region, &stats), 0);
    ck_assert_uint_eq(stats.misuses, 2);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

typedef struct Sleeper {
    const Bed *bed;
    pthread_barrier_t barrier;
} Sleeper;

static void *keep_cache(void *argument)
{
    Sleeper *sleeper = argument;

    cached_warm_up(sleeper->bed, 100);
    pthread_barrier_wait(&sleeper->barrier); /* it has a block … */
    pthread_barrier_wait(&sleeper->barrier); /* … to the end */
    return NULL;
}

/* If only the exact size fits, no cache is emptied for the rounded one. */
START_TEST(holes_cost_no_cache)
{
    Bed bed = cached_open(_i, SIZE);
    Sleeper sleeper = {.bed = &bed};
    char *most, *block;
    pthread_t thread;
    unsigned before;

    ck_assert_int_eq(pthread_barrier_init(&sleeper.barrier, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_cache, &sleeper), 0);
    pthread_barrier_wait(&sleeper.barrier);
    cached_warm_up(&bed, LARGE);
    most = checked_alloc(&bed, bed.capacity - LARGE);
    before = cached_barriers;
    for (int i = 0; i < 10; i++) {
        block = Mem_RegionAlloc(bed.region, LARGE);
        ck_assert_ptr_nonnull(block);
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    }
    ck_assert_uint_eq(cached_barriers, before);
    checked_free(&bed, most);
    pthread_barrier_wait(&sleeper.barrier);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Second frees are refused, however many blocks of the size were freed before, and so wherever the
 * block went. */
START_TEST(second_free_is_refused_anywhere)
{
    static const size_t sizes[] = {100, 1024, LARGE, 16384};
    enum { MOST = 60 };
    Bed bed = cached_open(_i, SIZE);
    char *blocks[MOST];

    support_start_thread();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cached_warm_up(&bed, sizes[i]);
        for (size_t count = 1; count <= MOST; count += 1 + count / 8) {
            for (size_t k = 0; k < count; k++) {
                blocks[k] = Mem_RegionAlloc(bed.region, sizes[i]);
            }
            ck_assert(cached_free_all(&bed, blocks, count));
            ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[count - 1]), -1);
            checked_sound(&bed);
        }
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A process with one thread again, if libc tells so, still has what it freed before. */
#ifdef __GLIBC__
START_TEST(alone_again)
{
    Bed bed = cached_open(_i, SIZE);
    char *block;

    support_start_thread();
    cached_warm_up(&bed, LARGE);
    block = Mem_RegionAlloc(bed.region, LARGE);
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    __libc_single_threaded = 1; /* the other thread only sleeps */
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), -1);
    __libc_single_threaded = 0;
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST
#endif

/* Of each size, more blocks than a stack holds. */
START_TEST(of_each_size)
{
    enum { COUNT = 50 };
    Bed bed = cached_open(_i, SIZE);
    char *blocks[COUNT];

    support_start_thread();
    cached_warm_up(&bed, 100);
    for (size_t size = 1024; size <= 36000; size += size / 16) {
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < COUNT; i++) {
                blocks[i] = Mem_RegionAlloc(bed.region, size);
                ck_assert_uint_ge(Mem_RegionSize(bed.region, blocks[i]), size);
                ck_assert_uint_lt(Mem_RegionSize(bed.region, blocks[i]), size + size / 16 + 16);
            }
            ck_assert(cached_free_all(&bed, blocks, COUNT));
            checked_sound(&bed);
        }
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("caches-large");

    tcase_add_loop_test(tests, they_are_kept, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, the_last_one_comes_first, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, a_thread_alone_has_them, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, others_are_exact, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, room_is_used_to_the_end, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, second_free_is_refused, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, holes_cost_no_cache, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, second_free_is_refused_anywhere, 0, CACHED_VARIANTS);
#ifdef __GLIBC__
    tcase_add_loop_test(tests, alone_again, 0, CACHED_VARIANTS);
#endif
    tcase_add_loop_test(tests, of_each_size, 0, CACHED_VARIANTS);
    return support_end();
}
