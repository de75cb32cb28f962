/* SPDX-License-Identifier: MIT
 *
 * Mem_Alloc: sizes and limits, the placement of blocks, and requests without room. */
#include <errno.h>

#include "checked.h"

enum { SIZE = 1 << 16, BLOCKS_MAX = SIZE / 8 };

/* Hidden from the compiler, which warns of impossible sizes. */
static volatile size_t largest_size = SIZE_MAX;

static void *at(const Bed *bed, size_t offset)
{
    return bed->first + offset;
}

START_TEST(smallest_blocks)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t unit = bed.alignment;

    ck_assert_ptr_eq(checked_alloc(&bed, 0), at(&bed, 0));
    ck_assert_ptr_eq(checked_alloc(&bed, 1), at(&bed, unit));
    ck_assert_ptr_eq(checked_alloc(&bed, unit - 1), at(&bed, 2 * unit));
    ck_assert_ptr_eq(checked_alloc(&bed, unit), at(&bed, 3 * unit));
    ck_assert_ptr_eq(checked_alloc(&bed, unit + 1), at(&bed, 4 * unit));
    ck_assert_ptr_eq(checked_alloc(&bed, 1), at(&bed, 6 * unit));
    bed_close(&bed);
}
END_TEST

/* Every small size, and some larger ones: the start of the next block shows what each costs. */
START_TEST(every_size_costs_what_it_should)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t offset = 0;

    for (size_t size = 0; size < 300; size++) {
        ck_assert_ptr_eq(checked_alloc(&bed, size), at(&bed, offset));
        offset += bed_cost(&bed, size);
    }
    ck_assert_uint_eq(bed_stats(&bed).bytes_in_use, offset);
    bed_close(&bed);
}
END_TEST

START_TEST(sizes_at_the_capacity)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t whole = bed.capacity & ~(bed.alignment - 1);

    for (size_t less = 0; less < 3 * bed.alignment; less++) {
        void *block = checked_alloc(&bed, whole - less);

        ck_assert_ptr_eq(block, at(&bed, 0));
        checked_free(&bed, block);
        checked_empty(&bed);
    }
    for (size_t more = 1; more < 40; more++) {
        ck_assert_ptr_null(checked_alloc(&bed, bed.capacity + more));
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

START_TEST(sizes_at_pages)
{
    Bed bed = bed_open((Kind)_i, 4 * support_page());

    for (size_t size = support_page() - 20; size <= support_page() + 20; size++) {
        void *first = checked_alloc(&bed, size);
        void *second = checked_alloc(&bed, 2 * size);

        ck_assert_ptr_eq(first, at(&bed, 0));
        ck_assert_ptr_eq(second, at(&bed, bed_cost(&bed, size)));
        checked_free(&bed, first);
        checked_free(&bed, second);
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* No arithmetic with such sizes may wrap around to a small number. */
START_TEST(sizes_that_no_region_has)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t less = 0; less < 300; less++) {
        ck_assert_ptr_null(checked_alloc(&bed, largest_size - less));
        ck_assert_ptr_null(checked_alloc(&bed, (size_t)PTRDIFF_MAX + 150 - less));
    }
    for (unsigned bits = 17; bits < 8 * sizeof(size_t); bits++) {
        for (size_t near = 0; near < 20; near++) {
            ck_assert_ptr_null(checked_alloc(&bed, ((size_t)1 << bits) + near - 10));
        }
    }
    ck_assert_uint_eq(bed_stats(&bed).failures, 600 + 20 * (8 * (uint64_t)sizeof(size_t) - 17));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Fills the region with blocks of one size, and frees each, every other one first. */
static void fill_and_empty(const Bed *bed, size_t size)
{
    static void *blocks[BLOCKS_MAX];
    size_t count = 0;

    while ((blocks[count] = checked_alloc(bed, size)) != NULL) {
        ck_assert_ptr_eq(blocks[count], at(bed, count * bed_cost(bed, size)));
        count++;
    }
    ck_assert_uint_eq(count, bed->capacity / bed_cost(bed, size));
    for (size_t i = 0; i < count; i += 2) {
        checked_free(bed, blocks[i]);
    }
    for (size_t i = 1; i < count; i += 2) {
        checked_free(bed, blocks[i]);
    }
    checked_empty(bed);
}

START_TEST(fill_with_one_size)
{
    const size_t sizes[] = {1, 8, 9, 16, 24, 64, 100, 250, 504, 512, 520, 1000, 2048, 3000};
    /* The smallest sizes make so many blocks that the region is smaller. */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Bed bed = bed_open((Kind)_i, sizes[i] < 64 ? SIZE / 16 : SIZE);

        fill_and_empty(&bed, sizes[i]);
        bed_close(&bed);
    }
}
END_TEST

/* Makes the only free blocks of a region, with `count` sizes in units of the alignment, freed in
 * their order. */
static void make_holes(const Bed *bed, const size_t *sizes, size_t count, char **holes)
{
    for (size_t i = 0; i < count; i++) {
        holes[i] = checked_alloc(bed, sizes[i] * bed->alignment);
        ck_assert_ptr_nonnull(checked_alloc(bed, 1));
    }
    checked_alloc(bed, bed_stats(bed).largest_free & ~(bed->alignment - 1));
    for (size_t i = 0; i < count; i++) {
        checked_free(bed, holes[i]);
    }
}

/* Holes of several sizes: each request goes to the front of the smallest one that suffices. */
START_TEST(best_fit)
{
    Bed bed = bed_open((Kind)_i, 4 * SIZE);
    const size_t sizes[] = {3, 70, 1, 200, 2, 64, 10, 63, 1000, 5, 65, 130};
    enum { HOLES = sizeof sizes / sizeof sizes[0] };
    char *holes[HOLES];
    size_t unit = bed.alignment;

    make_holes(&bed, sizes, HOLES, holes);
    for (size_t wanted = 1; wanted <= 1000; wanted++) {
        size_t best = HOLES;
        void *block;

        for (size_t i = 0; i < HOLES; i++) {
            if (sizes[i] >= wanted && (best == HOLES || sizes[i] < sizes[best])) {
                best = i;
            }
        }
        block = checked_alloc(&bed, wanted * unit);
        ck_assert_ptr_eq(block, holes[best]);
        checked_free(&bed, block);
    }
    ck_assert_ptr_null(checked_alloc(&bed, 1000 * unit + 1));
    bed_close(&bed);
}
END_TEST

/* Sizes of large holes in units of the alignment: several in each of three classes, some of equal
 * size. */
static const size_t large_holes[] = {20001, 3001, 9000, 20470, 3003, 9215, 20001, 3000,
                                     9100,  3007, 9000, 20000, 3001, 9100, 20400};
enum { LARGE_HOLES = sizeof large_holes / sizeof large_holes[0] };

static void *alloc_somehow(const Bed *bed, size_t size, size_t how)
{
    return how == 0   ? checked_alloc(bed, size)
           : how == 1 ? checked_calloc(bed, 1, size)
                      : checked_aligned_alloc(bed, bed->alignment, size);
}

/* A request goes into a hole of the smallest size that suffices. */
static void expect_best_hole(const Bed *bed, char *const *holes, size_t wanted, size_t how)
{
    size_t best = 0;
    bool is_hole = false;
    void *block = alloc_somehow(bed, wanted * bed->alignment, how);

    for (size_t i = 0; i < LARGE_HOLES; i++) {
        if (large_holes[i] >= wanted && (best == 0 || large_holes[i] < best)) {
            best = large_holes[i];
        }
    }
    for (size_t i = 0; i < LARGE_HOLES; i++) {
        is_hole |= large_holes[i] == best && holes[i] == block;
    }
    if (!is_hole) {
        ck_abort_msg("%zu units: not in a hole of %zu", wanted, best);
    }
    checked_free(bed, block);
}

START_TEST(best_fit_of_large_blocks)
{
    Bed bed = bed_open((Kind)_i, 256 * SIZE);
    char *holes[LARGE_HOLES];

    make_holes(&bed, large_holes, LARGE_HOLES, holes);
    for (size_t how = 0; how < 3; how++) {
        /* Of empty classes, so that the smallest block of a later class is taken. */
        static const size_t others[] = {1, 70, 600, 2500, 3100, 5000, 8500, 9300, 15000};

        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            expect_best_hole(&bed, holes, others[i], how);
        }
        for (size_t i = 0; i < LARGE_HOLES; i++) {
            expect_best_hole(&bed, holes, large_holes[i] - 1, how);
            expect_best_hole(&bed, holes, large_holes[i], how);
            if (large_holes[i] != 20470) {
                expect_best_hole(&bed, holes, large_holes[i] + 1, how);
            }
        }
    }
    ck_assert_ptr_null(checked_alloc(&bed, 20470 * bed.alignment + 1));
    bed_close(&bed);
}
END_TEST

/* Large holes are taken one after another, from classes of one, two and more, until none is
 * left. */
START_TEST(large_holes_are_taken_one_by_one)
{
    static const size_t sizes[] = {3001, 3005, 3005, 40000, 40001, 30000, 9000, 9000, 9100};
    enum { HOLES = sizeof sizes / sizeof sizes[0] };
    Bed bed = bed_open((Kind)_i, 256 * SIZE);
    size_t unit = bed.alignment;
    char *holes[HOLES];
    char *first, *second;

    make_holes(&bed, sizes, HOLES, holes);
    ck_assert_ptr_eq(checked_alloc(&bed, 3001 * unit), holes[0]);
    first = checked_alloc(&bed, 3005 * unit);
    second = checked_alloc(&bed, 3005 * unit);
    ck_assert((first == holes[1] && second == holes[2]) ||
              (first == holes[2] && second == holes[1]));
    ck_assert_ptr_eq(checked_alloc(&bed, 40001 * unit), holes[4]);
    ck_assert_ptr_eq(checked_alloc(&bed, 40000 * unit), holes[3]);
    ck_assert_ptr_eq(checked_alloc(&bed, 20950 * unit), holes[5]); /* leaves 9050 */
    ck_assert_ptr_eq(checked_alloc(&bed, 9001 * unit), holes[5] + 20950 * unit);
    first = checked_alloc(&bed, 9000 * unit);
    second = checked_alloc(&bed, 9000 * unit);
    ck_assert((first == holes[6] && second == holes[7]) ||
              (first == holes[7] && second == holes[6]));
    ck_assert_ptr_eq(checked_alloc(&bed, 9100 * unit), holes[8]);
    ck_assert_uint_eq(bed_stats(&bed).largest_free, 49 * unit);
    bed_close(&bed);
}
END_TEST

/* Best fit: several holes of one size, and only larger ones beside them. */
START_TEST(holes_of_one_size_are_all_found)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *blocks[200];
    size_t count = 0;

    while (count < 200 && (blocks[count] = checked_alloc(&bed, 320)) != NULL) {
        count++;
    }
    while (checked_alloc(&bed, 1) != NULL) {
    }
    for (size_t i = 0; i < count; i += 2) {
        checked_free(&bed, blocks[i]);
    }
    for (size_t i = 0; i < count; i += 2) {
        ck_assert_ptr_nonnull(checked_alloc(&bed, 320));
    }
    ck_assert_ptr_null(checked_alloc(&bed, 1));
    bed_close(&bed);
}
END_TEST

/* The largest free block can be allocated whole; nothing larger can. */
START_TEST(largest_free_block_can_be_had)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Random source = support_random("largest_free_block_can_be_had", _i);
    void *blocks[64] = {0};

    for (size_t i = support_operations(2000); i > 0; i--) {
        size_t k = random_below(&source, 64);
        size_t largest;

        if (blocks[k] != NULL) {
            checked_free(&bed, blocks[k]);
        }
        blocks[k] = checked_alloc(&bed, random_scaled(&source, SIZE / 8));
        largest = bed_stats(&bed).largest_free;
        if (largest >= bed.alignment) {
            void *block = checked_alloc(&bed, largest & ~(bed.alignment - 1));

            ck_assert_ptr_nonnull(block);
            checked_free(&bed, block);
        }
        ck_assert_ptr_null(checked_alloc(&bed, largest + 1));
    }
    bed_close(&bed);
}
END_TEST

/* Memory fills from the bottom, so that pages not needed stay untouched. */
START_TEST(memory_fills_from_the_bottom)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Random source = support_random("memory_fills_from_the_bottom", _i);
    size_t offset = 0;
    void *block;

    for (;;) {
        size_t size = random_scaled(&source, 2000);

        if ((block = checked_alloc(&bed, size)) == NULL) {
            break;
        }
        ck_assert_ptr_eq(block, at(&bed, offset));
        offset += bed_cost(&bed, size);
    }
    bed_close(&bed);
}
END_TEST

/* A request of largest_free bytes succeeds, in regions of any alignment. */
START_TEST(whole_capacity_in_one_block)
{
    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        size_t size = 8 * support_page();
        Mem_Options options = {.alignment = alignment};
        Bed bed = {.alignment = alignment, .region = Mem_RegionCreate(size, &options)};

        ck_assert_ptr_nonnull(bed.region);
        bed.capacity = bed_stats(&bed).capacity;
        bed.first = Mem_RegionAlloc(bed.region, 1);
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        ck_assert_uint_eq(bed.capacity, (size - 16) & ~(alignment - 1));
        ck_assert_uint_eq(bed_stats(&bed).largest_free, bed.capacity);
        ck_assert_ptr_eq(checked_alloc(&bed, bed.capacity), bed.first);
        ck_assert_ptr_null(checked_alloc(&bed, 1));
        bed_close(&bed);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("alloc");

    tcase_add_loop_test(tests, smallest_blocks, 0, KIND_COUNT);
    tcase_add_loop_test(tests, every_size_costs_what_it_should, 0, KIND_COUNT);
    tcase_add_loop_test(tests, sizes_at_the_capacity, 0, KIND_COUNT);
    tcase_add_loop_test(tests, sizes_at_pages, 0, KIND_COUNT);
    tcase_add_loop_test(tests, sizes_that_no_region_has, 0, KIND_COUNT);
    tcase_add_loop_test(tests, fill_with_one_size, 0, KIND_COUNT);
    tcase_add_loop_test(tests, best_fit, 0, KIND_COUNT);
    tcase_add_loop_test(tests, best_fit_of_large_blocks, 0, KIND_COUNT);
    tcase_add_loop_test(tests, large_holes_are_taken_one_by_one, 0, KIND_COUNT);
    tcase_add_loop_test(tests, holes_of_one_size_are_all_found, 0, KIND_COUNT);
    tcase_add_loop_test(tests, largest_free_block_can_be_had, 0, KIND_COUNT);
    tcase_add_loop_test(tests, memory_fills_from_the_bottom, 0, KIND_COUNT);
    tcase_add_test(tests, whole_capacity_in_one_block);
    return support_end();
}
