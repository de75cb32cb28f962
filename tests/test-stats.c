/* SPDX-License-Identifier: MIT
 *
 * Mem_GetStats: each figure, after each operation that changes it. test-model.c compares all of
 * them with a model; here are the calls that it does not make. */
#include <errno.h>
#include <string.h>

#include "checked.h"

enum { SIZE = 1 << 15 };

START_TEST(stats_of_a_fresh_region)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Mem_Stats expected = {.capacity = bed.capacity};
    Mem_Stats stats = bed_stats(&bed);

    ck_assert_uint_gt(stats.bookkeeping, 0);
    expected.bytes_free = expected.largest_free = bed.capacity;
    expected.blocks_free = 1;
    expected.bookkeeping = stats.bookkeeping;
    ck_assert_mem_eq(&stats, &expected, sizeof stats);
    bed_close(&bed);
}
END_TEST

START_TEST(stats_refuse_null)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    errno = 0;
    ck_assert_int_eq(Mem_RegionGetStats(bed.region, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    if (bed.region == NULL) {
        errno = 0;
        ck_assert_int_eq(Mem_GetStats(NULL), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    bed_close(&bed);
}
END_TEST

START_TEST(stats_leave_errno)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    errno = ERANGE;
    bed_stats(&bed);
    ck_assert_int_eq(errno, ERANGE);
    bed_close(&bed);
}
END_TEST

/* Every member is filled in, whatever was there before. */
START_TEST(stats_fill_everything)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Mem_Stats stats;

    memset(&stats, 0xff, sizeof stats);
    ck_assert_int_eq(Mem_RegionGetStats(bed.region, &stats), 0);
    for (size_t i = 0; i < sizeof stats.reserved / sizeof stats.reserved[0]; i++) {
        ck_assert_uint_eq(stats.reserved[i], 0);
    }
    ck_assert_uint_eq(stats.misuses, 0);
    bed_close(&bed);
}
END_TEST

START_TEST(stats_count_bytes)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t unit = bed.alignment;
    void *first = checked_alloc(&bed, 10 * unit);
    void *second = checked_alloc(&bed, 20 * unit);
    Mem_Stats stats = bed_stats(&bed);

    ck_assert_uint_eq(stats.bytes_in_use, 30 * unit);
    ck_assert_uint_eq(stats.bytes_free, bed.capacity - 30 * unit);
    ck_assert_uint_eq(stats.largest_free, bed.capacity - 30 * unit);
    ck_assert_uint_eq(stats.blocks_in_use, 2);
    checked_free(&bed, first);
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.bytes_in_use, 20 * unit);
    ck_assert_uint_eq(stats.blocks_free, 2);
    ck_assert_uint_eq(stats.largest_free, bed.capacity - 30 * unit);
    ck_assert_uint_eq(stats.peak_in_use, 30 * unit);
    checked_free(&bed, second);
    ck_assert_uint_eq(bed_stats(&bed).peak_in_use, 30 * unit);
    checked_free(&bed, checked_alloc(&bed, 31 * unit));
    ck_assert_uint_eq(bed_stats(&bed).peak_in_use, 31 * unit);
    bed_close(&bed);
}
END_TEST

START_TEST(stats_count_calls)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *block = checked_alloc(&bed, 1);
    void *aligned = checked_aligned_alloc(&bed, 256, 1);
    void *cleared = checked_calloc(&bed, 3, 5);
    Mem_Stats stats;

    block = checked_realloc(&bed, block, 100);        /* moves */
    block = checked_realloc(&bed, block, 50);         /* shrinks */
    block = checked_realloc(&bed, block, 90);         /* grows */
    checked_realloc(&bed, block, bed.capacity + 1);   /* fails */
    checked_alloc(&bed, bed.capacity + 1);            /* fails */
    checked_calloc(&bed, SIZE, SIZE);                 /* fails */
    checked_aligned_alloc(&bed, 8, 4 * (size_t)SIZE); /* fails */
    checked_free(&bed, aligned);
    checked_free(&bed, cleared);
    checked_free(&bed, block);
    checked_free(&bed, NULL);
    checked_refused(&bed, cleared); /* one free, one realloc, two misuses */
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.allocs, 2);
    ck_assert_uint_eq(stats.aligned_allocs, 2);
    ck_assert_uint_eq(stats.callocs, 2);
    ck_assert_uint_eq(stats.reallocs, 5);
    ck_assert_uint_eq(stats.frees, 5);
    ck_assert_uint_eq(stats.failures, 4);
    ck_assert_uint_eq(stats.misuses, 2);
    ck_assert_uint_eq(stats.blocks_in_use, 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Invalid arguments do not count as calls that ran out of memory. */
START_TEST(stats_do_not_count_errors_of_arguments)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    ck_assert_ptr_null(Mem_RegionAlignedAlloc(bed.region, 3, 8));
    ck_assert_uint_eq(Mem_RegionSize(bed.region, &bed), 0);
    ck_assert_uint_eq(bed_stats(&bed).failures, 0);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 0);
    bed_close(&bed);
}
END_TEST

START_TEST(stats_after_reset)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Mem_Stats stats;

    for (int i = 0; i < 10; i++) {
        checked_alloc(&bed, 100);
    }
    checked_calloc(&bed, 1, 100);
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.blocks_in_use, 0);
    ck_assert_uint_eq(stats.blocks_free, 1);
    ck_assert_uint_eq(stats.bytes_in_use, 0);
    ck_assert_uint_eq(stats.bytes_free, bed.capacity);
    ck_assert_uint_eq(stats.largest_free, bed.capacity);
    ck_assert_uint_eq(stats.peak_in_use, 0);
    ck_assert_uint_eq(stats.allocs, 10);
    ck_assert_uint_eq(stats.callocs, 1);
    ck_assert_uint_eq(stats.frees, 0);
    checked_free(&bed, checked_alloc(&bed, 16 * bed.alignment));
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.peak_in_use, 16 * bed.alignment);
    ck_assert_uint_eq(stats.allocs, 11);
    ck_assert_uint_eq(stats.frees, 1);
    bed_close(&bed);
}
END_TEST

/* The largest free block when only small blocks are free, only large ones, or none. */
START_TEST(stats_tell_the_largest_free_block)
{
    static const size_t units[] = {1, 5, 63, 64, 65, 100, 127, 128, 190};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, SIZE * (_i == KIND_INSIDE_64 ? 8 : 2));
    void *holes[UNITS];

    for (size_t i = 0; i < UNITS; i++) {
        holes[i] = checked_alloc(&bed, units[i] * bed.alignment);
        ck_assert_ptr_nonnull(checked_alloc(&bed, 1));
    }
    checked_alloc(&bed, bed_stats(&bed).largest_free & ~(bed.alignment - 1));
    ck_assert_uint_lt(bed_stats(&bed).largest_free, bed.alignment);
    for (size_t i = 0; i < UNITS; i++) {
        checked_free(&bed, holes[i]);
        ck_assert_uint_eq(bed_stats(&bed).largest_free, units[i] * bed.alignment);
    }
    bed_close(&bed);
}
END_TEST

/* 0 if what is free is one block, or nothing; else more than 0, however little is elsewhere. */
START_TEST(stats_tell_fragmentation)
{
    Bed bed = bed_open((Kind)_i, SIZE * 8);
    size_t quarter = bed.capacity / 4 & ~(bed.alignment - 1);
    void *first = checked_alloc(&bed, quarter);
    void *second = checked_alloc(&bed, bed.alignment);
    Mem_Stats stats = bed_stats(&bed);

    ck_assert_uint_eq(stats.fragmentation, 0);
    checked_free(&bed, first);
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.fragmentation,
                      ((uint64_t)quarter * 1000000 + stats.bytes_free - 1) / stats.bytes_free);
    ck_assert_uint_gt(stats.fragmentation, 248000);
    ck_assert_uint_lt(stats.fragmentation, 252000);
    checked_free(&bed, second);
    ck_assert_uint_eq(bed_stats(&bed).fragmentation, 0);
    checked_alloc(&bed, bed_stats(&bed).largest_free);
    ck_assert_uint_eq(bed_stats(&bed).fragmentation, 0);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("stats");

    tcase_add_loop_test(tests, stats_of_a_fresh_region, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_refuse_null, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_leave_errno, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_fill_everything, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_count_bytes, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_count_calls, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_do_not_count_errors_of_arguments, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_after_reset, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_tell_the_largest_free_block, 0, KIND_COUNT);
    tcase_add_loop_test(tests, stats_tell_fragmentation, 0, KIND_COUNT);
    return support_end();
}
