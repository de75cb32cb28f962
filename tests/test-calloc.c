/* SPDX-License-Identifier: MIT
 *
 * Mem_Calloc: blocks are zero whatever was there before, and no page is touched in vain. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "checked.h"

enum { SIZE = 1 << 16 };

/* Hidden from the compiler, which warns of impossible sizes. */
static volatile size_t largest_size = SIZE_MAX;

START_TEST(calloc_sizes)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    const size_t counts[] = {0, 1, 2, 7, 8, 9, 100};
    enum { COUNTS = sizeof counts / sizeof counts[0] };

    for (size_t i = 0; i < (size_t)COUNTS * COUNTS; i++) {
        size_t count = counts[i % COUNTS];
        size_t size = counts[i / COUNTS];
        void *block = checked_calloc(&bed, count, size);

        ck_assert_uint_eq(bed_size(&bed, block), bed_cost(&bed, count * size));
        checked_free(&bed, block);
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

START_TEST(calloc_at_the_capacity)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t whole = bed.capacity & ~(bed.alignment - 1);

    for (int round = 0; round < 2; round++) {
        checked_free(&bed, checked_calloc(&bed, whole, 1));
        checked_free(&bed, checked_calloc(&bed, 1, whole));
        checked_free(&bed, checked_calloc(&bed, whole / 8, 8));
        ck_assert_ptr_null(checked_calloc(&bed, bed.capacity + 1, 1));
        ck_assert_ptr_null(checked_calloc(&bed, 1, bed.capacity + 1));
        ck_assert_ptr_null(checked_calloc(&bed, bed.capacity / 8 + 1, 8));
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(calloc_overflow)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t half = (size_t)1 << (4 * sizeof(size_t)); /* its square is 0 */

    ck_assert_ptr_null(checked_calloc(&bed, half, half));
    ck_assert_ptr_null(checked_calloc(&bed, half, half + 1));
    ck_assert_ptr_null(checked_calloc(&bed, largest_size, largest_size));
    ck_assert_ptr_null(checked_calloc(&bed, largest_size, 2));
    ck_assert_ptr_null(checked_calloc(&bed, 2, largest_size));
    ck_assert_ptr_null(checked_calloc(&bed, largest_size / 2 + 1, 2));
    ck_assert_ptr_null(checked_calloc(&bed, largest_size / 8 + 1, 8));
    ck_assert_ptr_null(checked_calloc(&bed, 8, largest_size / 8 + 1));
    ck_assert_ptr_null(checked_calloc(&bed, largest_size / 16 + 2, 16));
    ck_assert_ptr_null(checked_calloc(&bed, largest_size, 1));
    ck_assert_ptr_null(checked_calloc(&bed, 1, largest_size));
    ck_assert_ptr_null(checked_calloc(&bed, 1, PTRDIFF_MAX));
    ck_assert_uint_eq(bed_stats(&bed).failures, 12);
    ck_assert_uint_eq(bed_stats(&bed).callocs, 12);
    checked_free(&bed, checked_calloc(&bed, largest_size, 0));
    checked_free(&bed, checked_calloc(&bed, 0, largest_size));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Blocks carry patterns when they are freed, so reused memory is dirty everywhere. */
START_TEST(calloc_after_reuse)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Random source = support_random("calloc_after_reuse", _i);
    void *blocks[32] = {0};

    for (size_t i = support_operations(4000); i > 0; i--) {
        size_t k = random_below(&source, 32);
        size_t size = random_scaled(&source, SIZE / 4);

        if (blocks[k] != NULL) {
            checked_free(&bed, blocks[k]);
        }
        if (random_below(&source, 2) == 0) {
            blocks[k] = checked_alloc(&bed, size);
        } else if (random_below(&source, 8) == 0) {
            blocks[k] = checked_aligned_alloc(&bed, (size_t)16 << random_below(&source, 8), size);
        } else {
            blocks[k] = checked_calloc(&bed, 1, size);
        }
        if (blocks[k] != NULL && random_below(&source, 4) == 0) {
            void *resized = checked_realloc(&bed, blocks[k], random_scaled(&source, SIZE / 4));

            blocks[k] = resized != NULL ? resized : blocks[k];
        }
    }
    bed_close(&bed);
}
END_TEST

/* Memory that was written to before the region was reset is not clean. */
START_TEST(calloc_after_reset)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t size = 8; size <= SIZE / 2; size = size * 3 / 2 / 8 * 8 + 8) {
        ck_assert_ptr_nonnull(checked_alloc(&bed, size));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        ck_assert_ptr_nonnull(checked_calloc(&bed, 2 * size / 3, 1));
        ck_assert_ptr_nonnull(checked_calloc(&bed, 1, size));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        checked_empty(&bed);
        ck_assert_ptr_nonnull(checked_calloc(&bed, 1, bed.capacity & ~(bed.alignment - 1)));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    }
    bed_close(&bed);
}
END_TEST

/* The boundary between used and never used memory, at every distance from a block. */
START_TEST(calloc_across_the_clean_boundary)
{
    size_t touched, size;

    for (touched = 8; touched <= 1600; touched += 72) {
        for (size = 8; size <= 3200; size += 136) {
            Bed bed = bed_open((Kind)_i, 2 * support_page());
            void *first = checked_alloc(&bed, touched);
            void *wall = checked_alloc(&bed, 8);

            checked_free(&bed, first);
            checked_free(&bed, wall);
            ck_assert_ptr_nonnull(checked_calloc(&bed, 1, size));
            bed_close(&bed);
        }
    }
}
END_TEST

/* Never used memory of a mapping is zero already, and clearing it would touch its pages. Only the
 * pages at the ends of the block may be resident. */
START_TEST(calloc_leaves_untouched_pages)
{
    enum { PAGES = 4096 };
    static unsigned char present[PAGES];
    size_t page = support_page();
    Mem_Region *region;
    size_t count = 0;
    char *block;

    if (support_is_emulated()) {
        support_skip("which pages are present is not known");
        return;
    }
    region = Mem_RegionCreate((PAGES + 4) * page, NULL);
    ck_assert_ptr_nonnull(region);
    block = Mem_RegionCalloc(region, PAGES + 2, page);
    ck_assert_ptr_nonnull(block);
    block += -(uintptr_t)block % page;
    ck_assert_int_eq(mincore(block, PAGES * page, present), 0);
    for (size_t i = 0; i < PAGES; i++) {
        count += present[i] & 1;
    }
    ck_assert_uint_eq(count, 0);
    for (size_t i = 0; i < PAGES * page; i += 512) {
        ck_assert_msg(block[i] == 0, "not zero at %zu", i);
    }
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

/* The bytes that rounding adds to a request are cleared, too. */
START_TEST(calloc_clears_whole_blocks)
{
    enum { COUNT = 40 };
    char *blocks[COUNT];
    Mem_Region *region;

    support_cache(true);
    region = Mem_RegionCreate(16 << 20, NULL);
    ck_assert_ptr_nonnull(region);
    for (int i = 0; i < 1500; i++) {
        ck_assert_int_eq(Mem_RegionFree(region, Mem_RegionAlloc(region, 16)), 0);
    }
    for (size_t size = 1; size < 30000; size = size * 3 + 2) {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < COUNT; i++) {
                size_t usable;

                blocks[i] = Mem_RegionCalloc(region, 1, size);
                usable = Mem_RegionSize(region, blocks[i]);
                ck_assert_uint_ge(usable, size);
                for (size_t at = 0; at < usable; at++) {
                    ck_assert_int_eq(blocks[i][at], 0);
                }
                memset(blocks[i], 0xff, usable);
            }
            for (int i = 0; i < COUNT; i++) {
                ck_assert_int_eq(Mem_RegionFree(region, blocks[i]), 0);
            }
        }
    }
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("calloc");

    tcase_add_loop_test(tests, calloc_sizes, 0, KIND_COUNT);
    tcase_add_loop_test(tests, calloc_at_the_capacity, 0, KIND_COUNT);
    tcase_add_loop_test(tests, calloc_overflow, 0, KIND_COUNT);
    tcase_add_loop_test(tests, calloc_after_reuse, 0, KIND_COUNT);
    tcase_add_loop_test(tests, calloc_after_reset, 0, KIND_COUNT);
    tcase_add_loop_test(tests, calloc_across_the_clean_boundary, 0, KIND_COUNT);
    tcase_add_test(tests, calloc_leaves_untouched_pages);
    tcase_add_test(tests, calloc_clears_whole_blocks);
    return support_end();
}
