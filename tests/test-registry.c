/* SPDX-License-Identifier: MIT
 *
 * Mem_RegionOf and Mem_Regions: the regions of the process, and the region of an address.
 * test-registry-threads.c uses both while regions come and go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { SIZE = 1 << 16, MANY = 600 };

static void expect_none(const void *address)
{
    errno = 0;
    ck_assert_ptr_null(Mem_RegionOf(address));
    ck_assert_int_eq(errno, EINVAL);
}

static void expect(Mem_Region *region, const void *address)
{
    errno = ERANGE;
    ck_assert_ptr_eq(Mem_RegionOf(address), region);
    ck_assert_int_eq(errno, ERANGE);
}

/* The lowest and the highest address of a region's capacity. */
typedef struct Bounds {
    char *first, *last;
} Bounds;

static int note_bounds(const Mem_Block *block, void *context)
{
    Bounds *bounds = context;

    bounds->first = bounds->first == NULL ? block->address : bounds->first;
    bounds->last = (char *)block->address + block->size - 1;
    return 0;
}

static Bounds bounds_of(Mem_Region *region)
{
    Bounds bounds = {NULL, NULL};

    ck_assert_int_eq(Mem_RegionWalk(region, note_bounds, &bounds), 0);
    return bounds;
}

START_TEST(region_of_all_that_is_in_the_capacity)
{
    Mem_Region *region = Mem_RegionCreate(SIZE, NULL);
    char *block = Mem_RegionAlloc(region, 100);
    Bounds bounds = bounds_of(region);
    int local;

    expect(region, block);
    expect(region, block + 1);
    expect(region, block + 99);
    ck_assert_int_eq(Mem_RegionFree(region, block), 0);
    expect(region, block); /* whoever wants to free it again is told so by the region */
    expect(region, bounds.first);
    expect(region, bounds.last);
    expect_none(bounds.first - 1);
    expect_none(bounds.last + 1);
    expect_none(region);
    expect_none(NULL);
    expect_none(&local);
    expect_none((void *)UINTPTR_MAX);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    expect_none(block);
}
END_TEST

START_TEST(region_of_the_default_region)
{
    char *block;

    ck_assert_int_eq(Mem_Init(SIZE), 0);
    block = Mem_Alloc(10);
    ck_assert_ptr_nonnull(Mem_RegionOf(block));
    ck_assert_int_eq(Mem_RegionFree(Mem_RegionOf(block), block), 0);
    ck_assert_int_eq(Mem_RegionDestroy(Mem_RegionOf(block)), 0);
    expect_none(block);
    ck_assert_ptr_null(Mem_Alloc(1));
}
END_TEST

/* Regions inside blocks of others, three deep, each between two blocks, and two in one block. */
START_TEST(region_of_the_innermost)
{
    Mem_Region *outer = Mem_RegionCreate(4 * SIZE, NULL);
    char *before = Mem_RegionAlloc(outer, 64);
    char *memory = Mem_RegionAlloc(outer, 2 * SIZE);
    char *behind = Mem_RegionAlloc(outer, 64);
    Mem_Region *middle = Mem_RegionCreateAt(memory, SIZE, NULL);
    Mem_Region *beside = Mem_RegionCreateAt(memory + SIZE, SIZE / 2, NULL);
    char *inner_memory = Mem_RegionAlloc(middle, SIZE / 2);
    char *behind_inner = Mem_RegionAlloc(middle, 64);
    Mem_Region *inner = Mem_RegionCreateAt(inner_memory, SIZE / 2, NULL);
    char *block = Mem_RegionAlloc(inner, 64);

    expect(outer, before);
    expect(outer, memory);
    expect(outer, (char *)middle);
    expect(outer, behind);
    expect(middle, inner_memory);
    expect(middle, behind_inner);
    expect(inner, block);
    expect(beside, Mem_RegionAlloc(beside, 1));
    expect(outer, memory + SIZE + SIZE / 2); /* behind two regions, neither of which has it */
    ck_assert_int_eq(Mem_RegionDestroy(inner), 0);
    expect(middle, block);
    ck_assert_int_eq(Mem_RegionDestroy(beside), 0);
    /* The outer of two in the program's memory ends first: the inner one is as it was. */
    inner = Mem_RegionCreateAt(inner_memory, SIZE / 2, NULL);
    ck_assert_int_eq(Mem_RegionDestroy(middle), 0);
    expect(inner, Mem_RegionAlloc(inner, 1));
    expect(outer, behind_inner);
    ck_assert_int_eq(Mem_RegionDestroy(inner), 0);
    ck_assert_int_eq(Mem_RegionDestroy(outer), 0);
}
END_TEST

/* Behind each of many regions is a part of the outer one, wherever that is in the tree. */
START_TEST(region_around_many)
{
    enum { INNER = 64 };
    Mem_Region *outer = Mem_RegionCreate(INNER * SIZE + SIZE, NULL);
    Mem_Region *inner[INNER];
    char *blocks[INNER], *behind[INNER];

    for (size_t i = 0; i < INNER; i++) {
        char *memory = Mem_RegionAlloc(outer, SIZE / 2);

        behind[i] = Mem_RegionAlloc(outer, 64);
        inner[i] = Mem_RegionCreateAt(memory, SIZE / 2, NULL);
        blocks[i] = Mem_RegionAlloc(inner[i], 64);
    }
    for (size_t i = 0; i < INNER; i++) {
        expect(inner[i], blocks[i]);
        expect(outer, behind[i]);
    }
    for (size_t i = 0; i < INNER; i++) {
        ck_assert_int_eq(Mem_RegionDestroy(inner[i]), 0);
        expect(outer, blocks[i]);
        expect(outer, behind[i]);
    }
    ck_assert_int_eq(Mem_RegionDestroy(outer), 0);
}
END_TEST

/* The visited regions. */
typedef struct Visited {
    Mem_Region *regions[MANY];
    size_t count;
    size_t most; /* regions after which the visit is to end, or 0 */
} Visited;

static int note_region(Mem_Region *region, void *context)
{
    Visited *visited = context;

    ck_assert_uint_lt(visited->count, MANY);
    visited->regions[visited->count++] = region;
    return visited->count == visited->most ? 7 : 0;
}

static Visited *visit_all(void)
{
    static Visited visited;

    visited.count = 0;
    errno = ERANGE;
    ck_assert_int_eq(Mem_Regions(note_region, &visited), 0);
    ck_assert_int_eq(errno, ERANGE);
    return &visited;
}

/* Creates and destroys regions at random; each is found, and visited once, in the order of
 * addresses. */
START_TEST(regions_come_and_go)
{
    static char memory[MANY][4096];
    Mem_Region *regions[MANY] = {0};
    char *blocks[MANY];
    Random source = support_random("regions_come_and_go", 0);
    size_t count = 0;

    for (int round = 0; round < 4000; round++) {
        size_t i = random_below(&source, MANY);

        if (regions[i] == NULL) {
            regions[i] = Mem_RegionCreateAt(memory[i], sizeof memory[i], NULL);
            blocks[i] = Mem_RegionAlloc(regions[i], 1);
            count++;
        } else {
            ck_assert_int_eq(Mem_RegionDestroy(regions[i]), 0);
            regions[i] = NULL;
            expect_none(blocks[i]);
            count--;
        }
        if (round % 50 == 0) {
            Visited *visited = visit_all();
            size_t next = 0;

            ck_assert_uint_eq(visited->count, count);
            for (size_t k = 0; k < MANY; k++) {
                if (regions[k] != NULL) {
                    ck_assert_ptr_eq(visited->regions[next++], regions[k]);
                    expect(regions[k], blocks[k]);
                }
            }
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        if (regions[i] != NULL) {
            ck_assert_int_eq(Mem_RegionDestroy(regions[i]), 0);
        }
    }
    ck_assert_uint_eq(visit_all()->count, 0);
}
END_TEST

START_TEST(visit_ends_early)
{
    static char memory[3][4096];
    Visited visited = {.most = 2};

    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_nonnull(Mem_RegionCreateAt(memory[i], sizeof memory[i], NULL));
    }
    ck_assert_int_eq(Mem_Regions(note_region, &visited), 7);
    ck_assert_uint_eq(visited.count, 2);
    errno = 0;
    ck_assert_int_eq(Mem_Regions(NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* Does everything that a visitor may do, and calls that must fail. */
static int use_everything(Mem_Region *region, void *context)
{
    int *visits = context;
    Mem_Stats stats;
    Mem_Region *created;
    void *block = Mem_RegionAlloc(region, 10);

    ck_assert_ptr_eq(Mem_RegionOf(block), region);
    ck_assert_int_eq(Mem_RegionFree(region, block), 0);
    ck_assert_int_eq(Mem_RegionGetStats(region, &stats), 0);
    ck_assert_int_eq(Mem_RegionCheck(region), 0);
    errno = 0;
    ck_assert_int_eq(Mem_RegionDestroy(region), -1);
    ck_assert_int_eq(errno, EDEADLK);
    errno = 0;
    ck_assert_int_eq(Mem_Exit(), -1);
    ck_assert_int_eq(errno, EDEADLK);
    errno = 0;
    ck_assert_int_eq(Mem_RegionDestroy(NULL), -1);
    ck_assert_int_eq(errno, EDEADLK);
    if (*visits == 0) {
        Visited inside = {.most = 0};

        ck_assert_int_eq(Mem_Regions(note_region, &inside), 0); /* a visit in a visit */
        ck_assert_uint_eq(inside.count, 2);
        created = Mem_RegionCreate(SIZE, NULL);
        ck_assert_ptr_nonnull(created);
        ck_assert_int_eq(Mem_RegionDestroy(created), -1);
    }
    ++*visits;
    return 0;
}

START_TEST(visitors_use_everything)
{
    int visits = 0;

    if (_i == 1) {
        support_start_thread();
    }
    ck_assert_int_eq(Mem_Init(SIZE), 0);
    ck_assert_ptr_nonnull(Mem_RegionCreate(SIZE, NULL));
    ck_assert_int_eq(Mem_Regions(use_everything, &visits), 0);
    ck_assert_int_ge(visits, 2);
    ck_assert_uint_eq(visit_all()->count, 3);
    ck_assert_int_eq(Mem_Exit(), 0);
    ck_assert_uint_eq(visit_all()->count, 2);
}
END_TEST

/* Asks, in a misuse handler, which region a pointer is from. */
static void ask(const Mem_Misuse *misuse, void *context)
{
    ck_assert_ptr_eq(Mem_RegionOf(misuse->pointer), misuse->region);
    ck_assert_uint_eq(visit_all()->count, 1);
    ++*(int *)context;
}

START_TEST(misuse_handler_asks)
{
    Mem_Region *region = Mem_RegionCreate(SIZE, NULL);
    void *block = Mem_RegionAlloc(region, 10);
    int calls = 0;

    if (_i == 1) {
        support_start_thread();
    }
    Mem_OnMisuse(ask, &calls);
    ck_assert_int_eq(Mem_RegionFree(region, block), 0);
    ck_assert_int_eq(Mem_RegionFree(region, block), -1);
    ck_assert_int_eq(calls, 1);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("registry");

    tcase_add_test(tests, region_of_all_that_is_in_the_capacity);
    tcase_add_test(tests, region_of_the_default_region);
    tcase_add_test(tests, region_of_the_innermost);
    tcase_add_test(tests, region_around_many);
    tcase_add_test(tests, regions_come_and_go);
    tcase_add_test(tests, visit_ends_early);
    tcase_add_loop_test(tests, visitors_use_everything, 0, 2);
    tcase_add_loop_test(tests, misuse_handler_asks, 0, 2);
    return support_end();
}
