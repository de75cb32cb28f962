/* SPDX-License-Identifier: MIT
 *
 * Mem_Free: coalescing, and every pointer that it must refuse. */
#include <errno.h>
#include <stdlib.h>

#include "checked.h"

enum { SIZE = 1 << 15 };

START_TEST(free_null_does_nothing)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    uint64_t frees = bed_stats(&bed).frees;

    checked_free(&bed, NULL);
    ck_assert_uint_eq(bed_stats(&bed).frees, frees + 1);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Frees three blocks of any sizes between two that stay, in every order. Each must merge at once
 * with the free memory beside it.
 *
 *   [ stays ][ first ][ second ][ third ][ stays ][ rest free ]
 */
static void free_in_order(const Bed *bed, const size_t sizes[3], const int order[3])
{
    void *blocks[3];
    void *before = checked_alloc(bed, 1);
    bool is_free[3] = {false, false, false};
    void *behind;

    for (int i = 0; i < 3; i++) {
        blocks[i] = checked_alloc(bed, sizes[i]);
    }
    behind = checked_alloc(bed, 1);
    for (int step = 0; step < 3; step++) {
        size_t runs = 1; /* the rest */

        checked_free(bed, blocks[order[step]]);
        is_free[order[step]] = true;
        for (int i = 0; i < 3; i++) {
            runs += is_free[i] && (i == 0 || !is_free[i - 1]);
        }
        ck_assert_uint_eq(bed_stats(bed).blocks_free, runs);
    }
    checked_free(bed, before);
    ck_assert_uint_eq(bed_stats(bed).blocks_free, 2);
    checked_free(bed, behind);
    checked_empty(bed);
}

START_TEST(free_merges_with_both_neighbours)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t units[] = {1, 2, 61, 62, 63, 64, 65, 66, 127, 128, 129, 300};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, 4 * SIZE);

    for (size_t n = 0; n < (size_t)UNITS * UNITS * UNITS; n++) {
        size_t sizes[3] = {units[n % UNITS] * 8, units[n / UNITS % UNITS] * 8,
                           units[n / UNITS / UNITS] * 8};

        free_in_order(&bed, sizes, orders[n % 6]);
    }
    bed_close(&bed);
}
END_TEST

/* Blocks of all kinds, alternately in use and free, with long ones among them. */
typedef struct Scene {
    void *used[64];
    size_t used_count;
} Scene;

static Scene make_scene(const Bed *bed)
{
    static const size_t units[] = {1, 1, 2, 3, 64, 63, 65, 130, 128, 7, 200, 1, 500, 60, 300, 2};
    enum { UNITS = sizeof units / sizeof units[0] };
    void *blocks[2 * UNITS];
    Scene scene = {.used_count = 0};

    for (size_t i = 0; i < 2 * UNITS; i++) {
        blocks[i] = checked_alloc(bed, units[i / 2] * bed->alignment);
        ck_assert_ptr_nonnull(blocks[i]);
    }
    for (size_t i = 0; i < 2 * UNITS; i++) {
        if (i % 2 == 0) {
            scene.used[scene.used_count++] = blocks[i];
        } else {
            checked_free(bed, blocks[i]);
        }
    }
    return scene;
}

static bool is_used(const Scene *scene, const void *pointer)
{
    for (size_t i = 0; i < scene->used_count; i++) {
        if (scene->used[i] == pointer) {
            return true;
        }
    }
    return false;
}

/* Each byte of the region, from before the first block to behind the fence. */
START_TEST(free_refuses_every_other_pointer)
{
    size_t step = support_is_emulated() ? 7 : 1;
    Bed bed = bed_open((Kind)_i, 3000 * (_i == KIND_INSIDE_64 ? 64 : 16));
    Scene scene = make_scene(&bed);
    char *end = bed.first + bed.capacity;
    char *last = (char *)scene.used[scene.used_count - 1] + 3 * bed.alignment;

    for (char *pointer = bed.first - 100; pointer < last; pointer += step) {
        if (!is_used(&scene, pointer)) {
            checked_refused(&bed, pointer);
        }
    }
    for (char *pointer = end - 100; pointer < end + 200; pointer++) {
        checked_refused(&bed, pointer);
    }
    for (size_t i = 0; i < scene.used_count; i++) {
        checked_free(&bed, scene.used[i]);
        checked_refused(&bed, scene.used[i]);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(free_refuses_pointers_from_elsewhere)
{
    static int global;
    int local = 0;
    void *foreign = malloc(100);
    Bed bed = bed_open((Kind)_i, SIZE);
    Bed other = bed_open(KIND_INSIDE, SIZE);
    void *block = checked_alloc(&bed, 100);
    void *others = checked_alloc(&other, 100);

    checked_refused(&bed, &global);
    checked_refused(&bed, &local);
    checked_refused(&bed, foreign);
    checked_refused(&bed, others);
    checked_refused(&other, block);
    checked_refused(&bed, other.region);
    checked_refused(&other, other.region);
    checked_refused(&bed, (void *)(uintptr_t)support_random);
    for (unsigned bits = 0; bits < 8 * sizeof(uintptr_t); bits++) {
        checked_refused(&bed, (void *)((uintptr_t)1 << bits));
        checked_refused(&bed, (void *)~((uintptr_t)1 << bits));
        checked_refused(&bed, (void *)((uintptr_t)block ^ (uintptr_t)1 << bits));
        checked_refused(&bed, (void *)((uintptr_t)block + ((uintptr_t)1 << bits)));
        checked_refused(&bed, (void *)((uintptr_t)block - ((uintptr_t)1 << bits)));
    }
    checked_refused(&bed, (void *)UINTPTR_MAX);
    checked_free(&bed, block);
    checked_free(&other, others);
    bed_close(&other);
    bed_close(&bed);
    free(foreign);
}
END_TEST

/* A freed block stays refused while it is part of any free run, and is a block again when it is
 * handed out again. */
START_TEST(free_twice)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *blocks[8];

    for (int i = 0; i < 8; i++) {
        blocks[i] = checked_alloc(&bed, (size_t)(i + 1) * 100);
    }
    for (int i = 0; i < 8; i++) {
        checked_free(&bed, blocks[i * 3 % 8]);
        for (int k = 0; k <= i; k++) {
            checked_refused(&bed, blocks[k * 3 % 8]);
        }
    }
    ck_assert_uint_eq(bed_stats(&bed).misuses, 2 * 36);
    ck_assert_ptr_eq(checked_alloc(&bed, 1), blocks[0]);
    checked_free(&bed, blocks[0]);
    checked_refused(&bed, blocks[0]);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* The old start of a block moved by realloc is refused. */
START_TEST(free_after_it_moved)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *block = checked_alloc(&bed, 100);
    void *wall = checked_alloc(&bed, 1);
    void *moved = checked_realloc(&bed, block, 1000);

    ck_assert_ptr_ne(block, moved);
    checked_refused(&bed, block);
    checked_free(&bed, moved);
    checked_free(&bed, wall);
    checked_refused(&bed, moved);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(size_of_blocks)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t size = 0; size < 200; size++) {
        void *block = checked_alloc(&bed, size);

        ck_assert_uint_eq(bed_size(&bed, block), bed_cost(&bed, size));
    }
    errno = 0;
    ck_assert_uint_eq(bed_size(&bed, NULL), 0);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 0);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("free");

    tcase_add_loop_test(tests, free_null_does_nothing, 0, KIND_COUNT);
    tcase_add_loop_test(tests, free_merges_with_both_neighbours, 0, KIND_COUNT);
    tcase_add_loop_test(tests, free_refuses_every_other_pointer, 0, KIND_COUNT);
    tcase_add_loop_test(tests, free_refuses_pointers_from_elsewhere, 0, KIND_COUNT);
    tcase_add_loop_test(tests, free_twice, 0, KIND_COUNT);
    tcase_add_loop_test(tests, free_after_it_moved, 0, KIND_COUNT);
    tcase_add_loop_test(tests, size_of_blocks, 0, KIND_COUNT);
    return support_end();
}
