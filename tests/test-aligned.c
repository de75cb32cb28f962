/* SPDX-License-Identifier: MIT
 *
 * Mem_AlignedAlloc: any power of two, and nothing is lost before or behind the block. */
#include <errno.h>

#include "checked.h"

enum { SIZE = 1 << 17 };

/* Hidden from the compiler, which warns of impossible sizes. */
static volatile size_t largest_size = SIZE_MAX;

static bool is_power_of_two(size_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

START_TEST(aligned_refuses_what_is_no_power_of_two)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    uint64_t digest = bed_digest(&bed);

    for (size_t n = 0; n < 2000; n++) {
        size_t alignment = n < 1000 ? n : largest_size - (n - 1000);

        if (!is_power_of_two(alignment)) {
            errno = 0;
            ck_assert_ptr_null(bed.region == NULL
                                   ? Mem_AlignedAlloc(alignment, 8)
                                   : Mem_RegionAlignedAlloc(bed.region, alignment, 8));
            ck_assert_int_eq(errno, EINVAL);
        }
    }
    ck_assert_uint_eq(bed_digest(&bed), digest);
    ck_assert_uint_eq(bed_stats(&bed).failures, 0);
    bed_close(&bed);
}
END_TEST

/* Every power of two: alignments up to the size of the region succeed; larger ones fail, unless an
 * address happens to lie right. */
START_TEST(aligned_to_every_power_of_two)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    uint64_t calls = 0;

    for (unsigned bits = 0; bits < 8 * sizeof(size_t); bits++) {
        for (size_t size = 0; size <= SIZE / 4; size = 3 * size + 1) {
            void *block = checked_aligned_alloc(&bed, (size_t)1 << bits, size);

            calls++;
            if (bits < 16) {
                ck_assert_ptr_nonnull(block);
            }
            checked_free(&bed, block);
            checked_empty(&bed);
        }
    }
    ck_assert_uint_eq(bed_stats(&bed).aligned_allocs, calls);
    bed_close(&bed);
}
END_TEST

START_TEST(aligned_sizes_that_no_region_has)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (unsigned bits = 0; bits < 8 * sizeof(size_t); bits++) {
        for (size_t less = 0; less < 20; less++) {
            ck_assert_ptr_null(checked_aligned_alloc(&bed, (size_t)1 << bits, largest_size - less));
            ck_assert_ptr_null(
                checked_aligned_alloc(&bed, (size_t)1 << bits, (size_t)PTRDIFF_MAX + 10 - less));
            ck_assert_ptr_null(checked_aligned_alloc(&bed, (size_t)1 << bits, bed.capacity + 1));
        }
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Alignments below the region's are raised to it. */
START_TEST(aligned_to_little)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t alignment = 1; alignment <= bed.alignment; alignment *= 2) {
        ck_assert_ptr_eq(checked_aligned_alloc(&bed, alignment, 1),
                         bed.first + bed_stats(&bed).bytes_in_use - bed.alignment);
    }
    bed_close(&bed);
}
END_TEST

/* The gap before the block goes back to the heap, and merges when the block is freed:
 *
 *   [ first ][ gap ][ block ][ rest ] */
START_TEST(aligned_returns_the_gap)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t alignment = 2 * bed.alignment; alignment <= 8192; alignment *= 2) {
        for (size_t units = 1; units < 140; units += units < 4 || units > 60 ? 1 : 7) {
            size_t before = units * bed.alignment;
            char *first = checked_alloc(&bed, before);
            char *block = checked_aligned_alloc(&bed, alignment, before);
            char *lowest = first + before;
            size_t gap;

            lowest += -(uintptr_t)lowest & (alignment - 1);
            ck_assert_ptr_eq(block, lowest);
            gap = (size_t)(block - first) - before;
            ck_assert_uint_eq(bed_stats(&bed).blocks_free, gap == 0 ? 1 : 2);
            ck_assert_uint_eq(bed_stats(&bed).bytes_in_use, 2 * before);
            if (gap != 0) {
                void *filled = checked_alloc(&bed, gap);

                ck_assert_ptr_eq(filled, first + before);
                checked_free(&bed, filled);
            }
            checked_free(&bed, units % 2 == 0 ? first : block);
            checked_free(&bed, units % 2 == 0 ? block : first);
            checked_empty(&bed);
        }
    }
    bed_close(&bed);
}
END_TEST

/* A hole exactly as large as the block, and aligned, is found, though it is smaller than size plus
 * alignment. */
START_TEST(aligned_finds_the_exact_hole)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t alignment = 2 * bed.alignment; alignment <= 2048; alignment *= 2) {
        char *hole = checked_aligned_alloc(&bed, alignment, 256);
        size_t largest;

        while ((largest = bed_stats(&bed).largest_free) >= bed.alignment) {
            ck_assert_ptr_nonnull(checked_alloc(&bed, largest & ~(bed.alignment - 1)));
        }
        checked_free(&bed, hole);
        ck_assert_ptr_eq(checked_aligned_alloc(&bed, alignment, 256), hole);
        ck_assert_ptr_null(checked_aligned_alloc(&bed, alignment, 1));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* Misaligned holes of the right size, more than are tried: then a hole that always suffices is
 * taken. */
START_TEST(aligned_with_many_misplaced_holes)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t unit = bed.alignment;
    char *holes[20];

    for (size_t i = 0; i < 20; i++) {
        /* Each hole is a unit behind a multiple of 1024, and has a size of its own. */
        char *aligned = checked_aligned_alloc(&bed, 1024, unit);

        holes[i] = checked_alloc(&bed, 256 + i * unit);
        ck_assert_ptr_nonnull(checked_alloc(&bed, 1));
        ck_assert_ptr_nonnull(aligned);
    }
    for (size_t i = 0; i < 20; i++) {
        checked_free(&bed, holes[i]);
    }
    for (int i = 0; i < 40; i++) {
        ck_assert_ptr_nonnull(checked_aligned_alloc(&bed, 1024, 256));
    }
    bed_close(&bed);
}
END_TEST

START_TEST(aligned_at_random)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Random source = support_random("aligned_at_random", _i);
    void *blocks[48] = {0};

    for (size_t i = support_operations(10000); i > 0; i--) {
        size_t k = random_below(&source, 48);

        if (blocks[k] != NULL) {
            checked_free(&bed, blocks[k]);
            blocks[k] = NULL;
        } else {
            blocks[k] = checked_aligned_alloc(&bed, (size_t)1 << random_below(&source, 16),
                                              random_scaled(&source, SIZE / 8));
        }
    }
    for (size_t k = 0; k < 48; k++) {
        checked_free(&bed, blocks[k]);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("aligned");

    tcase_add_loop_test(tests, aligned_refuses_what_is_no_power_of_two, 0, KIND_COUNT);
    tcase_add_loop_test(tests, aligned_to_every_power_of_two, 0, KIND_COUNT);
    tcase_add_loop_test(tests, aligned_sizes_that_no_region_has, 0, KIND_COUNT);
    tcase_add_loop_test(tests, aligned_to_little, 0, KIND_COUNT);
    tcase_add_loop_test(tests, aligned_returns_the_gap, 0, KIND_COUNT);
    tcase_add_loop_test(tests, aligned_finds_the_exact_hole, 0, KIND_COUNT);
    tcase_add_loop_test(tests, aligned_with_many_misplaced_holes, 0, KIND_COUNT);
    tcase_add_loop_test(tests, aligned_at_random, 0, KIND_COUNT);
    return support_end();
}
