/* SPDX-License-Identifier: MIT
 *
 * Mem_Walk: every block once, in address order, and the visitor's result. */
#include <errno.h>

#include "checked.h"

enum { SIZE = 1 << 15, SEEN_MAX = 64 };

typedef struct Walk {
    Mem_Block seen[SEEN_MAX];
    size_t count;
    size_t stop_after; /* 0: never */
    int answer;
} Walk;

static int visit(const Mem_Block *block, void *context)
{
    Walk *walk = context;

    if (walk->count < SEEN_MAX) {
        walk->seen[walk->count] = *block;
    }
    walk->count++;
    return walk->count == walk->stop_after ? walk->answer : 0;
}

START_TEST(walk_of_a_fresh_region)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Walk walk = {.count = 0};

    errno = ERANGE;
    ck_assert_int_eq(bed_walk(&bed, visit, &walk), 0);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_uint_eq(walk.count, 1);
    ck_assert_ptr_eq(walk.seen[0].address, bed.first);
    ck_assert_uint_eq(walk.seen[0].size, bed.capacity);
    ck_assert_int_eq(walk.seen[0].in_use, 0);
    ck_assert_int_eq(walk.seen[0].reserved, 0);
    bed_close(&bed);
}
END_TEST

START_TEST(walk_sees_every_block)
{
    static const size_t units[] = {1, 3, 64, 2, 200, 63, 1, 65};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, SIZE * (_i == KIND_INSIDE_64 ? 2 : 1));
    Walk walk = {.count = 0};
    char *blocks[UNITS];
    size_t offset = 0;

    for (size_t i = 0; i < UNITS; i++) {
        blocks[i] = checked_alloc(&bed, units[i] * bed.alignment);
    }
    checked_free(&bed, blocks[0]);
    checked_free(&bed, blocks[2]);
    checked_free(&bed, blocks[4]);
    ck_assert_int_eq(bed_walk(&bed, visit, &walk), 0);
    ck_assert_uint_eq(walk.count, UNITS + 1);
    for (size_t i = 0; i < UNITS; i++) {
        ck_assert_ptr_eq(walk.seen[i].address, blocks[i]);
        ck_assert_uint_eq(walk.seen[i].size, units[i] * bed.alignment);
        ck_assert_int_eq(walk.seen[i].in_use, i != 0 && i != 2 && i != 4);
        offset += units[i] * bed.alignment;
    }
    ck_assert_ptr_eq(walk.seen[UNITS].address, bed.first + offset);
    ck_assert_uint_eq(walk.seen[UNITS].size, bed.capacity - offset);
    ck_assert_int_eq(walk.seen[UNITS].in_use, 0);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(walk_of_a_full_region)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Walk walk = {.count = 0};

    while (checked_alloc(&bed, 1024) != NULL) {
    }
    while (checked_alloc(&bed, 1) != NULL) {
    }
    ck_assert_int_eq(bed_walk(&bed, visit, &walk), 0);
    ck_assert_uint_eq(walk.count, bed_stats(&bed).blocks_in_use + bed_stats(&bed).blocks_free);
    for (size_t i = 0; i + 1 < walk.count && i < SEEN_MAX; i++) {
        ck_assert_int_eq(walk.seen[i].in_use, 1);
    }
    bed_close(&bed);
}
END_TEST

/* Any result but 0 ends the walk, and is returned. */
START_TEST(walk_stops_when_told)
{
    static const int answers[] = {1, -1, 42, -4711, INT32_MAX, INT32_MIN};
    Bed bed = bed_open((Kind)_i, SIZE);

    for (int i = 0; i < 5; i++) {
        checked_alloc(&bed, 100);
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        for (size_t stop = 1; stop <= 6; stop++) {
            Walk walk = {.stop_after = stop, .answer = answers[i]};

            errno = ERANGE;
            ck_assert_int_eq(bed_walk(&bed, visit, &walk), answers[i]);
            ck_assert_int_eq(errno, ERANGE);
            ck_assert_uint_eq(walk.count, stop);
            checked_sound(&bed); /* the region is not left locked */
        }
    }
    bed_close(&bed);
}
END_TEST

START_TEST(walk_refuses_null)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    errno = 0;
    ck_assert_int_eq(bed_walk(&bed, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

static int use_another(const Mem_Block *block, void *context)
{
    Bed *other = context;
    void *copy = checked_alloc(other, block->size % 1000);

    return copy == NULL;
}

/* A visitor may use other regions. */
START_TEST(walk_may_use_another_region)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Bed other = bed_open(KIND_INSIDE, SIZE);

    for (int i = 0; i < 5; i++) {
        checked_alloc(&bed, 100);
    }
    ck_assert_int_eq(bed_walk(&bed, use_another, &other), 0);
    ck_assert_uint_eq(bed_stats(&other).blocks_in_use, 6);
    bed_close(&other);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("walk");

    tcase_add_loop_test(tests, walk_of_a_fresh_region, 0, KIND_COUNT);
    tcase_add_loop_test(tests, walk_sees_every_block, 0, KIND_COUNT);
    tcase_add_loop_test(tests, walk_of_a_full_region, 0, KIND_COUNT);
    tcase_add_loop_test(tests, walk_stops_when_told, 0, KIND_COUNT);
    tcase_add_loop_test(tests, walk_refuses_null, 0, KIND_COUNT);
    tcase_add_loop_test(tests, walk_may_use_another_region, 0, KIND_COUNT);
    return support_end();
}
