/* SPDX-License-Identifier: MIT
 *
 * Mem_Realloc: in place, down into the previous block, or elsewhere; and unchanged if there is no
 * room. checked_realloc verifies the contents. */
#include <errno.h>

#include "checked.h"

enum { SIZE = 1 << 16 };

/* Hidden from the compiler, which warns of impossible sizes. */
static volatile size_t largest_size = SIZE_MAX;

/* A row of blocks of given units, and a wall behind them:
 *
 *   [ 0 ][ 1 ][ 2 ] … [ wall ][ rest free ]
 */
typedef struct Row {
    size_t unit;
    char *blocks[8];
    char *wall;
} Row;

static Row make_row(const Bed *bed, const size_t *units, size_t count)
{
    Row row = {.unit = bed->alignment};

    for (size_t i = 0; i < count; i++) {
        row.blocks[i] = checked_alloc(bed, units[i] * row.unit);
    }
    row.wall = checked_alloc(bed, 1);
    return row;
}

/* Takes the rest, so that nothing can move there. */
static void *take_rest(const Bed *bed)
{
    return checked_alloc(bed, bed_stats(bed).largest_free & ~(bed->alignment - 1));
}

START_TEST(realloc_null_allocates)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *block = checked_realloc(&bed, NULL, 100);

    ck_assert_ptr_eq(block, bed.first);
    ck_assert_ptr_nonnull(checked_realloc(&bed, NULL, 0));
    ck_assert_uint_eq(bed_stats(&bed).blocks_in_use, 2);
    ck_assert_uint_eq(bed_stats(&bed).reallocs, 2);
    ck_assert_uint_eq(bed_stats(&bed).allocs, 0);
    ck_assert_ptr_null(checked_realloc(&bed, NULL, bed.capacity));
    ck_assert_ptr_null(checked_realloc(&bed, NULL, largest_size));
    ck_assert_uint_eq(bed_stats(&bed).reallocs, 4);
    ck_assert_uint_eq(bed_stats(&bed).failures, 2);
    bed_close(&bed);
}
END_TEST

START_TEST(realloc_to_zero_keeps_a_block)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *block = checked_alloc(&bed, 1000);

    ck_assert_ptr_eq(checked_realloc(&bed, block, 0), block);
    ck_assert_uint_eq(bed_size(&bed, block), bed.alignment);
    ck_assert_uint_eq(bed_stats(&bed).blocks_in_use, 1);
    checked_free(&bed, block);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(realloc_to_the_same_size)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *block = checked_alloc(&bed, 1001);
    uint64_t digest = bed_digest(&bed);

    for (size_t size = bed_cost(&bed, 1001); size > bed_cost(&bed, 1001) - bed.alignment; size--) {
        ck_assert_ptr_eq(checked_realloc(&bed, block, size), block);
        ck_assert_uint_eq(bed_digest(&bed), digest);
    }
    bed_close(&bed);
}
END_TEST

/* From every size to every smaller one, before a block in use and before a free one. */
START_TEST(realloc_shrinks_in_place)
{
    static const size_t units[] = {1, 2, 62, 63, 64, 65, 66, 127, 128, 129, 191, 192, 193, 400};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t from = 0; from < UNITS; from++) {
        for (size_t to = 0; to <= from; to++) {
            for (int walled = 0; walled < 2; walled++) {
                void *block = checked_alloc(&bed, units[from] * bed.alignment);
                void *wall = walled ? checked_alloc(&bed, 1) : NULL;

                ck_assert_ptr_eq(checked_realloc(&bed, block, units[to] * bed.alignment), block);
                ck_assert_uint_eq(bed_stats(&bed).blocks_free, walled && to != from ? 2 : 1);
                checked_free(&bed, wall);
                checked_free(&bed, block);
                checked_empty(&bed);
            }
        }
    }
    bed_close(&bed);
}
END_TEST

/* [ block ][ free ][ wall ]  =>  [   block   ][wall], by less than the free memory, and by all of
 * it. */
START_TEST(realloc_grows_into_the_next)
{
    static const size_t units[] = {1, 2, 3, 62, 63, 64, 65, 128, 200};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t n = 0; n < (size_t)UNITS * UNITS; n++) {
        size_t both[2] = {units[n % UNITS], units[n / UNITS]};

        for (size_t more = 1; more <= both[1]; more += more < 3 || more + 3 > both[1] ? 1 : 30) {
            Row row = make_row(&bed, both, 2);

            checked_free(&bed, row.blocks[1]);
            ck_assert_ptr_eq(checked_realloc(&bed, row.blocks[0], (both[0] + more) * row.unit),
                             row.blocks[0]);
            ck_assert_uint_eq(bed_stats(&bed).blocks_free, more == both[1] ? 1 : 2);
            checked_free(&bed, row.blocks[0]);
            checked_free(&bed, row.wall);
            checked_empty(&bed);
        }
    }
    bed_close(&bed);
}
END_TEST

/* [ free ][ block ][ wall ]  =>  [ block  ][free][ wall ] */
START_TEST(realloc_grows_into_the_previous)
{
    static const size_t units[] = {1, 2, 3, 62, 63, 64, 65, 128, 200};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t n = 0; n < (size_t)UNITS * UNITS; n++) {
        size_t both[2] = {units[n % UNITS], units[n / UNITS]};

        for (size_t more = 1; more <= both[0]; more += more < 3 || more + 3 > both[0] ? 1 : 30) {
            Row row = make_row(&bed, both, 2);

            checked_free(&bed, row.blocks[0]);
            ck_assert_ptr_eq(checked_realloc(&bed, row.blocks[1], (both[1] + more) * row.unit),
                             row.blocks[0]);
            ck_assert_uint_eq(bed_stats(&bed).blocks_free, more == both[0] ? 1 : 2);
            checked_free(&bed, row.blocks[0]);
            checked_free(&bed, row.wall);
            checked_empty(&bed);
        }
    }
    bed_close(&bed);
}
END_TEST

/* [ free ][ block ][ free ][ wall ]  =>  [     block     ][free][ wall ] */
START_TEST(realloc_grows_into_both)
{
    static const size_t units[] = {1, 2, 63, 64, 65, 200};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t n = 0; n < (size_t)UNITS * UNITS * UNITS; n++) {
        size_t all[3] = {units[n % UNITS], units[n / UNITS % UNITS], units[n / UNITS / UNITS]};
        size_t least = (all[0] > all[2] ? all[0] : all[2]) + 1;

        for (size_t more = least; more <= all[0] + all[2];
             more += more < least + 2 || more + 3 > all[0] + all[2] ? 1 : 40) {
            Row row = make_row(&bed, all, 3);

            checked_free(&bed, row.blocks[0]);
            checked_free(&bed, row.blocks[2]);
            ck_assert_ptr_eq(checked_realloc(&bed, row.blocks[1], (all[1] + more) * row.unit),
                             row.blocks[0]);
            ck_assert_uint_eq(bed_stats(&bed).blocks_free, more == all[0] + all[2] ? 1 : 2);
            checked_free(&bed, row.blocks[0]);
            checked_free(&bed, row.wall);
            checked_empty(&bed);
        }
    }
    bed_close(&bed);
}
END_TEST

/* Prefers its place to moving down, and moving down to moving elsewhere. */
START_TEST(realloc_prefers_its_place)
{
    const size_t units[] = {30, 10, 30};
    Bed bed = bed_open((Kind)_i, SIZE);
    Row row = make_row(&bed, units, 3);

    checked_free(&bed, row.blocks[0]);
    checked_free(&bed, row.blocks[2]);
    ck_assert_ptr_eq(checked_realloc(&bed, row.blocks[1], 20 * row.unit), row.blocks[1]);
    ck_assert_ptr_eq(checked_realloc(&bed, row.blocks[1], 50 * row.unit), row.blocks[0]);
    bed_close(&bed);
}
END_TEST

START_TEST(realloc_moves)
{
    const size_t units[] = {10, 20, 5};
    Bed bed = bed_open((Kind)_i, SIZE);
    Row row = make_row(&bed, units, 3);
    char *moved;

    checked_free(&bed, row.blocks[0]);
    /* Neither the 10 before it nor the nothing behind it suffice; the old place merges with the
     * free memory. */
    moved = checked_realloc(&bed, row.blocks[1], 31 * row.unit);
    ck_assert_ptr_eq(moved, row.wall + row.unit);
    ck_assert_ptr_eq(checked_alloc(&bed, 30 * row.unit), row.blocks[0]);
    /* Into the best fit. */
    checked_free(&bed, row.blocks[0]);
    ck_assert_ptr_eq(checked_realloc(&bed, row.blocks[2], 6 * row.unit),
                     row.blocks[2] - row.unit * 30);
    bed_close(&bed);
}
END_TEST

START_TEST(realloc_fails_and_changes_nothing)
{
    const size_t units[] = {10, 20, 10};
    Bed bed = bed_open((Kind)_i, SIZE);
    Row row = make_row(&bed, units, 3);
    uint64_t digest;

    ck_assert_ptr_nonnull(take_rest(&bed));
    checked_free(&bed, row.blocks[0]);
    checked_free(&bed, row.blocks[2]);
    digest = bed_digest(&bed);
    ck_assert_ptr_null(checked_realloc(&bed, row.blocks[1], 40 * row.unit + 1));
    ck_assert_ptr_null(checked_realloc(&bed, row.blocks[1], bed.capacity));
    ck_assert_ptr_null(checked_realloc(&bed, row.blocks[1], bed.capacity + 1));
    for (size_t less = 0; less < 200; less++) {
        ck_assert_ptr_null(checked_realloc(&bed, row.blocks[1], largest_size - less));
        ck_assert_ptr_null(checked_realloc(&bed, row.blocks[1], (size_t)PTRDIFF_MAX + 100 - less));
    }
    ck_assert_uint_eq(bed_digest(&bed), digest);
    ck_assert_uint_eq(bed_stats(&bed).failures, 403);
    checked_pattern(&bed, row.blocks[1]);
    ck_assert_ptr_eq(checked_realloc(&bed, row.blocks[1], 40 * row.unit), row.blocks[0]);
    bed_close(&bed);
}
END_TEST

/* First block, last block, only block: nothing before or behind them. */
START_TEST(realloc_at_the_ends)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t whole = bed.capacity & ~(bed.alignment - 1);
    char *first = checked_alloc(&bed, whole / 2 & ~(bed.alignment - 1));
    char *last = take_rest(&bed);

    ck_assert_ptr_null(checked_realloc(&bed, first, whole / 2 + bed.alignment));
    ck_assert_ptr_null(checked_realloc(&bed, last, whole / 2 + 2 * bed.alignment));
    checked_free(&bed, first);
    ck_assert_ptr_eq(checked_realloc(&bed, last, whole), bed.first);
    ck_assert_ptr_null(checked_realloc(&bed, bed.first, whole + bed.alignment));
    ck_assert_ptr_eq(checked_realloc(&bed, bed.first, 1), bed.first);
    ck_assert_ptr_eq(checked_realloc(&bed, bed.first, whole), bed.first);
    checked_free(&bed, bed.first);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A block of Mem_AlignedAlloc that stays keeps its alignment; one that moves need not. */
START_TEST(realloc_of_an_aligned_block)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *aligned = checked_aligned_alloc(&bed, 4096, 100);

    ck_assert_ptr_eq(checked_realloc(&bed, aligned, 50), aligned);
    ck_assert_ptr_eq(checked_realloc(&bed, aligned, 5000), aligned);
    checked_free(&bed, aligned);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("realloc");

    tcase_add_loop_test(tests, realloc_null_allocates, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_to_zero_keeps_a_block, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_to_the_same_size, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_shrinks_in_place, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_grows_into_the_next, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_grows_into_the_previous, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_grows_into_both, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_prefers_its_place, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_moves, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_fails_and_changes_nothing, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_at_the_ends, 0, KIND_COUNT);
    tcase_add_loop_test(tests, realloc_of_an_aligned_block, 0, KIND_COUNT);
    return support_end();
}
