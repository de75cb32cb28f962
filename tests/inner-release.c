/* SPDX-License-Identifier: MIT
 *
 * Pages of free blocks go back to the system: the whole pages inside free blocks, all of them, and
 * no others. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "checked.h"
#include "region/release.h"

enum { SIZE = 64 << 20, LARGE = 24 << 20, SMALL = 100, KEPT = 1000 };

/* The linker replaces pages_release by this function. After pages were released, others may change
 * the region before the next turn. */
static void (*meanwhile)(void);

bool __wrap_pages_release(void *memory, size_t size);
bool __real_pages_release(void *memory, size_t size);

bool __wrap_pages_release(void *memory, size_t size)
{
    void (*change)(void) = meanwhile;
    bool result = __real_pages_release(memory, size);

    meanwhile = NULL;
    if (change != NULL) {
        change();
    }
    return result;
}

/* Returns how many of the whole pages between two addresses are resident. */
static size_t present(const char *from, const char *to)
{
    static unsigned char pages[SIZE / 4096 + 2];
    size_t page = support_page();
    uintptr_t begin = ((uintptr_t)from + page - 1) & ~(page - 1);
    uintptr_t end = (uintptr_t)to & ~(page - 1);
    size_t count = 0;

    ck_assert_int_eq(mincore((void *)begin, end - begin, pages), 0);
    for (size_t i = 0; i < (end - begin) / page; i++) {
        count += pages[i] & 1;
    }
    return count;
}

/* Makes all pages of a block resident, and keeps its contents. */
static void touch(char *block, size_t size)
{
    for (size_t at = 0; at < size; at += 1024) {
        volatile char *byte = block + at;

        *byte = *byte;
    }
}

static Region *region_in(const Bed *bed)
{
    return region_of(bed->region);
}

START_TEST(free_blocks_lose_their_pages)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *before = checked_alloc(&bed, KEPT);
    char *large = checked_alloc(&bed, LARGE);
    char *after = checked_alloc(&bed, KEPT);
    size_t in_large;

    touch(large, LARGE);
    in_large = present(large, large + LARGE);
    ck_assert_uint_ge(in_large, LARGE / support_page() - 1);
    ck_assert_uint_eq(release_pages(region_in(&bed), 1), 0);
    ck_assert_uint_eq(present(large, large + LARGE), in_large);
    checked_free(&bed, large);
    ck_assert_uint_eq(release_pages(region_in(&bed), (size_t)LARGE * 2), 0);
    ck_assert_uint_eq(present(large, large + LARGE), in_large);
    errno = ERANGE;
    ck_assert_uint_ge(release_pages(region_in(&bed), LARGE / 2), LARGE - 3 * support_page());
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_uint_eq(present(large + support_page(), large + LARGE), 0);
    ck_assert_int_eq(Mem_RegionCheck(bed.region), 0);
    checked_free(&bed, before);
    checked_free(&bed, after);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Blocks in use keep their contents, as their patterns show. */
START_TEST(blocks_in_use_keep_their_contents)
{
    Random source = support_random("blocks_in_use_keep_their_contents", _i);
    Bed bed = bed_open((Kind)_i, SIZE);
    char *blocks[200];
    size_t count = sizeof blocks / sizeof blocks[0];

    for (size_t i = 0; i < count; i++) {
        blocks[i] = checked_alloc(&bed, random_scaled(&source, 300000));
    }
    for (size_t i = 0; i < count; i += 2) {
        checked_free(&bed, blocks[i]);
    }
    ck_assert_uint_gt(release_pages(region_in(&bed), 1), 0);
    for (size_t i = 0; i < count; i += 2) {
        blocks[i] = checked_calloc(&bed, 1, random_scaled(&source, 300000));
    }
    release_pages(region_in(&bed), 1);
    for (size_t i = 0; i < count; i++) {
        checked_free(&bed, blocks[i]);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Memory that was never used is not touched, and several turns are taken for much memory. */
START_TEST(what_was_touched_is_known)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *small = checked_alloc(&bed, SMALL);
    char *large;

    ck_assert_uint_lt(release_touched(region_in(&bed)), SIZE / 2);
    ck_assert_uint_eq(release_pages(region_in(&bed), 1), 0);
    large = checked_alloc(&bed, LARGE);
    ck_assert_uint_ge(release_touched(region_in(&bed)), LARGE);
    checked_free(&bed, large);
    for (int i = 0; i < 2; i++) { /* a second time does no harm */
        size_t released = release_pages(region_in(&bed), 1);

        ck_assert_uint_ge(released, LARGE - 2 * support_page());
        ck_assert_uint_le(released, LARGE + support_page());
    }
    checked_free(&bed, small);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A turn ends inside a free block, and before the next turn that block changes, or is gone. */
static Bed changing;
static char *before_large, *large_block, *taken[2];

static void take_all(void)
{
    taken[0] = checked_alloc(&changing, LARGE);
    ck_assert_ptr_eq(taken[0], large_block);
}

static void merge(void)
{
    checked_free(&changing, before_large);
    before_large = NULL;
}

/* The turn begins in the middle of a block in use. */
static void merge_and_take_all(void)
{
    char *begin = before_large;

    merge();
    taken[0] = checked_alloc(&changing, KEPT + LARGE);
    ck_assert_ptr_eq(taken[0], begin);
}

/* The free rest is far behind the walk. */
static void leave_the_front(void)
{
    taken[0] = checked_alloc(&changing, LARGE / 24);
    taken[1] = checked_alloc(&changing, LARGE - LARGE / 24);
    ck_assert_ptr_eq(taken[0], large_block);
    checked_free(&changing, taken[0]);
    taken[0] = NULL;
}

START_TEST(blocks_change_between_turns)
{
    static void (*const changes[])(void) = {take_all, merge, merge_and_take_all, leave_the_front};
    static const Kind kinds[] = {KIND_MAPPED, KIND_UNLOCKED};
    char *after;

    /* The changes are made under the region's lock, if it has one: sanitizers may have threads. */
    changing = bed_open(support_is_sanitized() ? KIND_UNLOCKED : kinds[_i % 2], SIZE);
    before_large = checked_alloc(&changing, KEPT);
    large_block = checked_alloc(&changing, LARGE);
    after = checked_alloc(&changing, KEPT);
    checked_free(&changing, large_block);
    taken[0] = taken[1] = NULL;
    meanwhile = changes[_i / 2];
    ck_assert_uint_gt(release_pages(region_in(&changing), 1), 0);
    ck_assert(meanwhile == NULL);
    checked_free(&changing, taken[0]); /* the block in use has kept its pattern */
    checked_free(&changing, taken[1]);
    checked_free(&changing, before_large);
    checked_free(&changing, after);
    checked_empty(&changing);
    bed_close(&changing);
}
END_TEST

/* More blocks than one turn looks at, and only behind them pages to release. */
START_TEST(many_blocks_come_first)
{
    enum { COUNT = 3 << 14, BYTES = 512 };
    Bed bed = bed_open((Kind)_i, SIZE);
    char *first = Mem_RegionAlloc(bed.region, BYTES);
    char *large;

    for (int i = 1; i < COUNT; i++) {
        ck_assert_ptr_eq(Mem_RegionAlloc(bed.region, BYTES), first + (size_t)i * BYTES);
    }
    checked_sound(&bed);
    large = checked_alloc(&bed, LARGE);
    checked_free(&bed, large);
    ck_assert_uint_ge(release_pages(region_in(&bed), 1), LARGE - 2 * support_page());
    ck_assert_uint_eq(present(large + support_page(), large + LARGE), 0);
    checked_sound(&bed);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(Mem_RegionFree(bed.region, first + (size_t)i * BYTES), 0);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(nothing_was_ever_used)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    ck_assert_uint_eq(release_touched(region_in(&bed)), 0);
    ck_assert_uint_eq(release_pages(region_in(&bed), 1), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* The system may refuse: then nothing is released, and nothing changes. */
START_TEST(refusal_is_no_error)
{
    Mem_Options options = {.flags = MEM_LOCKED};
    Mem_Region *region = Mem_RegionCreate(1 << 20, &options);
    char *block;

    if (region == NULL || support_is_sanitized()) { /* with some sanitizers, mlock() does nothing */
        support_skip("no memory can be locked here");
        Mem_RegionDestroy(region);
        return;
    }
    block = Mem_RegionAlloc(region, 1 << 19);
    memset(block, 1, 1 << 19);
    ck_assert_int_eq(Mem_RegionFree(region, block), 0);
    errno = ERANGE;
    ck_assert_uint_eq(release_pages(region_of(region), 1), 0);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

int main(void)
{
    static const Kind kinds[] = {KIND_MAPPED, KIND_MAPPED_16, KIND_UNLOCKED, KIND_THREADED};
    TCase *tests;

    if (support_is_emulated()) {
        puts("skipped: emulators do with madvise() and mincore() as they like");
        return SUPPORT_SKIPPED;
    }
    tests = support_begin("release");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int kind = (int)kinds[i];

        tcase_add_loop_test(tests, free_blocks_lose_their_pages, kind, kind + 1);
        tcase_add_loop_test(tests, blocks_in_use_keep_their_contents, kind, kind + 1);
        tcase_add_loop_test(tests, what_was_touched_is_known, kind, kind + 1);
        tcase_add_loop_test(tests, many_blocks_come_first, kind, kind + 1);
        tcase_add_loop_test(tests, nothing_was_ever_used, kind, kind + 1);
    }
    tcase_add_loop_test(tests, blocks_change_between_turns, 0, 8);
    tcase_add_test(tests, refusal_is_no_error);
    return support_end();
}
