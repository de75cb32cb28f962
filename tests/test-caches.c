/* SPDX-License-Identifier: MIT
 *
 * Caches are invisible: a region with caches refuses what one without refuses, has room for what
 * one without has room for, and counts and shows the same. */
#include <errno.h>
#include <string.h>

#include "cached-bed.h"

enum { SIZE = 1 << 22, BLOCKS = 4000 };

/* Fills the region with blocks of some sizes, each with its pattern. Returns how many. */
static size_t fill(const Bed *bed, char **blocks, size_t most, Random *source)
{
    size_t count = 0;

    while (count < most) {
        size_t size = 1 + random_scaled(source, 1500);

        blocks[count] = Mem_RegionAlloc(bed->region, size);
        if (blocks[count] == NULL) {
            break;
        }
        pattern_fill(blocks[count], bed_size(bed, blocks[count]));
        count++;
    }
    return count;
}

/* A program of a few hundred calls sees exactly what it would see without caches. */
START_TEST(few_calls_are_exact)
{
    Random source = support_random("few_calls_are_exact", _i);
    Bed exact = bed_open(KIND_MAPPED, SIZE);
    Bed cached = cached_open(0, SIZE);
    char *blocks[2][50] = {{0}};

    for (int i = 0; i < 600; i++) {
        size_t at = random_below(&source, 50);
        size_t size = random_scaled(&source, 3000);

        for (int k = 0; k < 2; k++) {
            const Bed *bed = k == 0 ? &exact : &cached;

            if (blocks[k][at] == NULL) {
                blocks[k][at] = Mem_RegionAlloc(bed->region, size);
            } else {
                ck_assert_int_eq(Mem_RegionFree(bed->region, blocks[k][at]), 0);
                blocks[k][at] = NULL;
            }
        }
        if (blocks[0][at] != NULL) {
            ck_assert_int_eq(blocks[0][at] - exact.first, blocks[1][at] - cached.first);
        }
    }
    bed_close(&exact);
    bed_close(&cached);
}
END_TEST

START_TEST(all_is_free_in_the_end)
{
    Random source = support_random("all_is_free_in_the_end", _i);
    Bed bed = cached_open(_i, SIZE);
    static char *blocks[4 * BLOCKS];

    for (int round = 0; round < 5; round++) {
        size_t count = fill(&bed, blocks, 4 * BLOCKS, &source);

        checked_sound(&bed);
        for (size_t i = 0; i < count; i++) {
            checked_pattern(&bed, blocks[i]);
        }
        ck_assert(cached_free_all(&bed, blocks, count));
        /* Caches keep nothing from a request for the whole region. */
        blocks[0] = Mem_RegionAlloc(bed.region, bed.capacity);
        ck_assert_ptr_nonnull(blocks[0]);
        ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[0]), 0);
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* More freed blocks of one size than a stack holds. */
START_TEST(many_of_one_size)
{
    enum { COUNT = 60000 };
    static char *blocks[COUNT];
    Bed bed = cached_open(_i, SIZE);
    size_t count = 0;

    while (count < COUNT && (blocks[count] = Mem_RegionAlloc(bed.region, 8)) != NULL) {
        count++;
    }
    for (int round = 0; round < 3; round++) {
        ck_assert(cached_free_all(&bed, blocks, count));
        for (size_t i = 0; i < count; i++) {
            blocks[i] = Mem_RegionAlloc(bed.region, 8);
            ck_assert_ptr_nonnull(blocks[i]);
        }
    }
    ck_assert(cached_free_all(&bed, blocks, count));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Returns the place of the i-th block to free: first to last, last to first, every other one first,
 * or at random. */
static size_t place_in_order(int order, size_t i, size_t count, Random *source)
{
    switch (order) {
    case 0:
        return i;
    case 1:
        return count - 1 - i;
    case 2:
        return i < (count + 1) / 2 ? 2 * i : 2 * (i - (count + 1) / 2) + 1;
    default:
        return random_below(source, count - i); /* among those left */
    }
}

/* Adjacent free blocks are joined, in whatever order they were freed. */
START_TEST(side_by_side)
{
    static const size_t sizes[] = {8, 24, 120, 520, 1024};
    Random source = support_random("side_by_side", _i);
    Bed bed = cached_open(_i, SIZE);

    for (int turn = 0; turn < 4 * (int)(sizeof sizes / sizeof sizes[0]); turn++) {
        size_t size = sizes[turn / 4];
        char *blocks[1500];
        size_t count = 0;

        while (count < sizeof blocks / sizeof blocks[0] &&
               (blocks[count] = Mem_RegionAlloc(bed.region, size)) != NULL) {
            pattern_fill(blocks[count++], size);
        }
        for (size_t i = 0; i < count; i++) {
            size_t place = place_in_order(turn % 4, i, count, &source);

            ck_assert(pattern_holds(blocks[place], size, (uintptr_t)blocks[place], size));
            ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[place]), 0);
            if (turn % 4 == 3) {
                blocks[place] = blocks[count - 1 - i];
            }
        }
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* Caches take spans until little is free; the rest is allocated from the heap. */
START_TEST(all_there_is_of_one_size)
{
    enum { COUNT = CACHED_INSIDE / 32 };
    static char *blocks[COUNT];
    Bed bed = cached_open(_i, SIZE);

    cached_warm_up(&bed, 64);
    for (int round = 0; round < 2; round++) {
        size_t count = 0;

        while (count < COUNT && (blocks[count] = Mem_RegionAlloc(bed.region, 64)) != NULL) {
            count++;
        }
        ck_assert_uint_eq(count, bed.capacity / 64);
        checked_sound(&bed);
        ck_assert(cached_free_all(&bed, blocks, count));
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Stacks hold more blocks of a larger region, up to a limit. */
START_TEST(large_region)
{
    enum { LARGE_COUNT = 40000 }; /* more than a stack of any size holds */
    static char *blocks[LARGE_COUNT];
    Mem_Options options = {.flags = MEM_SPARSE};
    Bed bed = {.alignment = 8, .is_cached = true};

    support_cache(true);
    bed.region = Mem_RegionCreate((size_t)1 << (sizeof(size_t) > 4 ? 30 : 28), &options);
    ck_assert_ptr_nonnull(bed.region);
    for (size_t size = 8; size <= 1024; size *= 2) {
        cached_warm_up(&bed, size);
        checked_sound(&bed);
        for (size_t i = 0; i < LARGE_COUNT; i++) {
            blocks[i] = Mem_RegionAlloc(bed.region, size);
            ck_assert_ptr_nonnull(blocks[i]);
        }
        ck_assert(cached_free_all(&bed, blocks, LARGE_COUNT));
        checked_sound(&bed);
    }
    ck_assert_uint_eq(bed_stats(&bed).blocks_in_use, 0);
    ck_assert_int_eq(Mem_RegionDestroy(bed.region), 0);
}
END_TEST

/* More large blocks than a stack holds. */
START_TEST(more_than_a_stack_names)
{
    enum { COUNT = 1000, BYTES = 1024 };
    static char *blocks[COUNT];
    Bed bed = cached_open(_i, SIZE);

    cached_warm_up(&bed, BYTES);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            blocks[i] = Mem_RegionAlloc(bed.region, BYTES);
            ck_assert_ptr_nonnull(blocks[i]);
        }
        checked_sound(&bed);
        ck_assert_uint_eq(bed_stats(&bed).blocks_in_use, COUNT);
        ck_assert(cached_free_all(&bed, blocks, COUNT));
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(calls_are_counted)
{
    Bed bed = cached_open(_i, SIZE);
    uint64_t allocs = 0, callocs = 0;
    Mem_Stats stats;

    for (int i = 0; i < 3 * CACHED_WARM; i++) {
        void *block = i % 3 == 0 ? Mem_RegionCalloc(bed.region, 3, 16)
                                 : Mem_RegionAlloc(bed.region, 48);

        ck_assert_ptr_nonnull(block);
        callocs += i % 3 == 0;
        allocs += i % 3 != 0;
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    }
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.allocs, allocs);
    ck_assert_uint_eq(stats.callocs, callocs);
    ck_assert_uint_eq(stats.frees, allocs + callocs);
    ck_assert_uint_eq(stats.blocks_in_use, 0);
    ck_assert_uint_eq(stats.bytes_free, bed.capacity);
    ck_assert_uint_eq(stats.misuses, 0);
    bed_close(&bed);
}
END_TEST

START_TEST(calloc_clears)
{
    Bed bed = cached_open(_i, SIZE);

    cached_warm_up(&bed, 64);
    for (int i = 0; i < 200; i++) {
        char *block = Mem_RegionCalloc(bed.region, 1, 64);

        ck_assert_ptr_nonnull(block);
        for (int k = 0; k < 64; k++) {
            ck_assert_int_eq(block[k], 0);
        }
        memset(block, 0xff, 64);
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    }
    bed_close(&bed);
}
END_TEST

/* Such sizes never fit, whatever caches have. */
START_TEST(calloc_of_too_much)
{
    volatile size_t largest = SIZE_MAX;
    Bed bed = cached_open(_i, SIZE);

    cached_warm_up(&bed, 64);
    ck_assert_ptr_null(checked_calloc(&bed, largest, 2));
    ck_assert_ptr_null(checked_calloc(&bed, largest / 64 + 2, 64));
    ck_assert_ptr_null(checked_calloc(&bed, 1, largest));
    ck_assert_uint_eq(bed_stats(&bed).failures, 3);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(bad_frees_are_refused)
{
    Bed bed = cached_open(_i, SIZE);
    char *block, *other;

    for (size_t size = 8; size <= 1024; size += 40) {
        cached_warm_up(&bed, size);
        block = Mem_RegionAlloc(bed.region, size);
        other = Mem_RegionAlloc(bed.region, size);
        ck_assert_ptr_nonnull(block);
        ck_assert_ptr_nonnull(other);
        checked_refused(&bed, block + 1);
        cached_warm_up(&bed, size);
        if (bed_cost(&bed, size) > 8) {
            checked_refused(&bed, block + 8);
        }
        cached_warm_up(&bed, size);
        checked_refused(&bed, bed.first - 8);
        checked_refused(&bed, (char *)&bed);
        cached_warm_up(&bed, size);
        /* While it waits in a cache. */
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
        checked_refused(&bed, block);
        ck_assert_int_eq(Mem_RegionFree(bed.region, other), 0);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

static unsigned misuses;
static Mem_Misuse last;

static void note(const Mem_Misuse *misuse, void *context)
{
    (void)context;
    misuses++;
    last = *misuse;
}

START_TEST(second_free_is_reported)
{
    Bed bed = cached_open(_i, SIZE);
    void *block;

    Mem_OnMisuse(note, NULL);
    cached_warm_up(&bed, 100);
    block = Mem_RegionAlloc(bed.region, 100);
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    errno = 0;
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(misuses, 1);
    ck_assert_int_eq((int)last.kind, (int)MEM_MISUSE_FREED);
    ck_assert_ptr_eq(last.pointer, block);
    ck_assert_int_eq(last.block_in_use, 0);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 1);
    bed_close(&bed);
}
END_TEST

/* A block freed long ago waits in a cache again, or belongs to the heap. */
START_TEST(second_free_long_ago)
{
    enum { COUNT = 100 };
    Bed bed = cached_open(_i, SIZE);
    char *blocks[COUNT], *block;

    for (size_t size = 1; size <= 1000; size += 333) {
        cached_warm_up(&bed, size);
        for (size_t k = 0; k < COUNT; k++) {
            blocks[k] = Mem_RegionAlloc(bed.region, size);
        }
        ck_assert(cached_free_all(&bed, blocks, COUNT));
        for (size_t k = 0; k < COUNT; k++) {
            checked_sound(&bed);
            block = Mem_RegionAlloc(bed.region, size);
            ck_assert(block == blocks[k] || Mem_RegionFree(bed.region, blocks[k]) == -1);
            ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
        }
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Adjacent blocks of one size that belong to the heap. All but two are in use; the next request of
 * this size goes to the heap. */
enum { SIDE_BY_SIDE = 14, MET = 512 };

static void prepare_meeting(const Bed *bed, char **blocks)
{
    cached_warm_up(bed, 8);
    for (int i = 0; i < SIDE_BY_SIDE; i++) {
        blocks[i] = Mem_RegionAlloc(bed->region, MET);
        ck_assert_ptr_nonnull(blocks[i]);
    }
    ck_assert_int_eq(Mem_RegionFree(bed->region, blocks[1]), 0);
    ck_assert_int_eq(Mem_RegionFree(bed->region, blocks[3]), 0);
    misuses = 0;
    Mem_OnMisuse(note, NULL);
}

static void end_meeting(Bed *bed)
{
    ck_assert_uint_eq(misuses, 1);
    ck_assert_int_eq((int)last.kind, (int)MEM_MISUSE_OVERWRITTEN);
    checked_sound(bed);
    ck_assert_int_eq(Mem_RegionReset(bed->region), 0);
    checked_empty(bed);
    bed_close(bed);
}

/* An overwritten free block is detected when the heap is asked for a block of its size. */
START_TEST(overwritten_block_is_met)
{
    Bed bed = cached_open(_i, SIZE);
    char *blocks[SIDE_BY_SIDE];

    prepare_meeting(&bed, blocks);
    memset(blocks[1], 0xff, 8);
    ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, MET));
    ck_assert_ptr_eq(last.pointer, blocks[1]);
    end_meeting(&bed);
}
END_TEST

/* The links are forged: they lead into a block in use, which seems to point back. */
START_TEST(forged_block_is_met)
{
    Bed bed = cached_open(_i, SIZE);
    char *blocks[SIDE_BY_SIDE];
    uint32_t number, links[2];

    prepare_meeting(&bed, blocks);
    number = (uint32_t)(((uintptr_t)blocks[1] - (uintptr_t)bed.region) / UNIT);
    links[0] = links[1] = number;
    memcpy(blocks[2], links, sizeof links);
    number += MET / UNIT;
    memcpy(blocks[1], &number, sizeof number);
    ck_assert_ptr_eq(Mem_RegionAlloc(bed.region, MET), blocks[1]);
    ck_assert_ptr_eq(last.pointer, blocks[1]);
    end_meeting(&bed);
}
END_TEST

/* An overwritten free block is detected when it is the best fit for a span. */
START_TEST(overwritten_block_is_to_be_a_span)
{
    enum { SPAN = 4096, CALLS = 16 }; /* before a size gets a span */
    Bed bed = cached_open(_i, SIZE);
    char *blocks[3];

    cached_warm_up(&bed, 8);
    for (int i = 0; i < 3; i++) {
        blocks[i] = Mem_RegionAlignedAlloc(bed.region, SPAN, SPAN);
    }
    ck_assert_ptr_eq(blocks[1], blocks[0] + SPAN);
    ck_assert_ptr_eq(blocks[2], blocks[1] + SPAN);
    for (int i = 0; i < CALLS; i++) {
        ck_assert_int_eq(Mem_RegionFree(bed.region, Mem_RegionAlloc(bed.region, 128)), 0);
    }
    ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[1]), 0);
    memset(blocks[1], 0xff, 8);
    misuses = 0;
    Mem_OnMisuse(note, NULL);
    ck_assert_ptr_eq(Mem_RegionAlloc(bed.region, 128), blocks[1]);
    ck_assert_ptr_eq(last.pointer, blocks[1]);
    end_meeting(&bed);
}
END_TEST

/* More regions than can have caches at a time. */
START_TEST(many_regions)
{
    enum { REGIONS = 18 }; /* more than can have caches */
    Bed beds[REGIONS];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < REGIONS; i++) {
            beds[i] = cached_open(_i, SIZE);
        }
        for (int i = 0; i < REGIONS; i++) {
            cached_warm_up(&beds[i], 56);
        }
        for (int i = 0; i < REGIONS; i++) {
            checked_empty(&beds[i]);
            bed_close(&beds[i]);
        }
    }
}
END_TEST

START_TEST(reset_forgets_spans)
{
    Bed bed = cached_open(_i, SIZE);

    for (int round = 0; round < 3; round++) {
        cached_warm_up(&bed, 200);
        ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, 200));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("caches");

    tcase_add_test(tests, few_calls_are_exact);
    tcase_add_loop_test(tests, all_is_free_in_the_end, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, many_of_one_size, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, side_by_side, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, all_there_is_of_one_size, 0, CACHED_VARIANTS);
    tcase_add_test(tests, large_region);
    tcase_add_loop_test(tests, more_than_a_stack_names, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, calls_are_counted, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, calloc_clears, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, calloc_of_too_much, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, bad_frees_are_refused, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, second_free_is_reported, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, second_free_long_ago, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, overwritten_block_is_met, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, forged_block_is_met, 0, CACHED_VARIANTS);
    if (UNIT == 8) { /* otherwise granules need not begin at such addresses */
        tcase_add_loop_test(tests, overwritten_block_is_to_be_a_span, 0, 2);
    }
    tcase_add_loop_test(tests, many_regions, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, reset_forgets_spans, 0, CACHED_VARIANTS);
    return support_end();
}
