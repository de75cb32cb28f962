/* SPDX-License-Identifier: MIT
 *
 * Regions in memory of the caller: every size and place, and nothing outside of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"

/* Hidden from the compiler, which warns of impossible sizes. */
static volatile size_t largest_size = SIZE_MAX;

static _Alignas(4096) char arena[1 << 16];

static void expect_create_fails(void *memory, size_t size, const Mem_Options *options)
{
    errno = 0;
    ck_assert_ptr_null(Mem_RegionCreateAt(memory, size, options));
    ck_assert_int_eq(errno, EINVAL);
}

START_TEST(create_at_refuses)
{
    expect_create_fails(NULL, sizeof arena, NULL);
    expect_create_fails(arena, 0, NULL);
    expect_create_fails(arena, 1, NULL);
    expect_create_fails(arena, 100, NULL);
    expect_create_fails(arena, (size_t)PTRDIFF_MAX + 1, NULL);
    expect_create_fails(arena, largest_size, NULL);
    for (size_t offset = 1; offset < 64; offset++) {
        if (offset % 8 != 0) {
            expect_create_fails(arena + offset, 10000, NULL);
        }
    }
}
END_TEST

START_TEST(create_at_refuses_options)
{
    for (size_t alignment = 1; alignment <= 9000; alignment++) {
        if (alignment > 4096 || (alignment & (alignment - 1)) != 0) {
            expect_create_fails(arena, sizeof arena, &(Mem_Options){.alignment = alignment});
        }
    }
    for (unsigned flags = 1; flags < 128; flags++) {
        if ((flags & ~(MEM_UNLOCKED | MEM_EXACT | MEM_REALTIME)) != 0) {
            expect_create_fails(arena, sizeof arena, &(Mem_Options){.flags = flags});
        }
    }
    for (size_t i = 0; i < 5; i++) {
        Mem_Options options = {0};

        options.reserved[i] = 1;
        expect_create_fails(arena, sizeof arena, &options);
    }
    expect_create_fails(arena, sizeof arena, &(Mem_Options){.reserved0 = 1});
}
END_TEST

/* Uses a region from the first to the last byte. */
static void use_all(const Bed *bed)
{
    size_t whole = bed->capacity & ~(bed->alignment - 1);
    char *first, *last;

    checked_empty(bed);
    first = checked_alloc(bed, 1);
    if (whole > bed->alignment) {
        last = checked_alloc(bed, whole - bed->alignment);
        ck_assert_ptr_nonnull(last);
        ck_assert_ptr_null(checked_alloc(bed, 1));
        checked_free(bed, first);
        checked_free(bed, last);
    } else {
        checked_free(bed, first);
    }
    checked_empty(bed);
    bed_check_margins(bed);
}

/* Every size from 0 on: first no region, then a region, and never a smaller one in more memory. */
START_TEST(create_at_every_size)
{
    size_t alignment = (size_t)8 << _i;
    size_t before = 0;
    size_t step = support_is_emulated() || alignment > 64 ? 8 : 1;

    for (size_t size = 0; size < 3000 + 3 * alignment; size += step) {
        Bed bed = bed_open_inside(size, alignment);

        if (bed.region == NULL) {
            ck_assert_int_eq(errno, EINVAL);
            ck_assert_uint_eq(before, 0);
        } else {
            ck_assert_uint_ge(bed.capacity, alignment);
            ck_assert_uint_ge(bed.capacity, before);
            ck_assert_uint_le(bed.capacity + bed_stats(&bed).bookkeeping, size);
            before = bed.capacity;
            use_all(&bed);
        }
        bed_close(&bed);
    }
    ck_assert_uint_gt(before, 0);
}
END_TEST

/* Every place at a multiple of 8 bytes, relative to the alignment of blocks. */
START_TEST(create_at_every_place)
{
    size_t alignment = (size_t)8 << _i;
    Mem_Options options = {.alignment = alignment};
    size_t step = support_is_emulated() || alignment > 512 ? 64 : 8;

    for (size_t offset = 0; offset < 2 * alignment; offset += step) {
        size_t size = 4 * alignment + 2000;
        char *memory = arena + 64 + offset;
        Bed bed = {.alignment = alignment};

        memset(arena, 0x77, sizeof arena);
        bed.region = Mem_RegionCreateAt(memory, size, &options);
        ck_assert_ptr_nonnull(bed.region);
        bed.first = Mem_RegionAlloc(bed.region, 1);
        ck_assert_ptr_nonnull(bed.first);
        ck_assert_uint_eq((uintptr_t)bed.first % alignment, 0);
        ck_assert_int_eq(Mem_RegionFree(bed.region, bed.first), 0);
        bed.capacity = bed_stats(&bed).capacity;
        use_all(&bed);
        ck_assert_int_eq(Mem_RegionDestroy(bed.region), 0);
        for (size_t i = 0; i < sizeof arena; i++) {
            if ((arena + i < memory || arena + i >= memory + size) && arena[i] != 0x77) {
                ck_abort_msg("offset %zu: written outside, at %zu", offset, i);
            }
        }
    }
}
END_TEST

/* Bookkeeping takes at most 1.5 KiB of 4 KiB, 5.4 KiB of 64 KiB, 4.2 percent of 1 MiB, and 3.3
 * percent of 16 MiB. */
START_TEST(create_at_leaves_most)
{
    static const size_t sizes[] = {4096, 1 << 16, 1 << 20, 1 << 24};
    static const size_t bookkeeping[] = {1600, 5500, (1 << 20) * 42 / 1000, (1 << 24) * 33 / 1000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Bed bed = bed_open_inside(sizes[i], 8);

        ck_assert_ptr_nonnull(bed.region);
        ck_assert_uint_ge(bed.capacity, sizes[i] - bookkeeping[i]);
        bed_close(&bed);
    }
}
END_TEST

START_TEST(create_at_on_the_stack)
{
    _Alignas(8) char buffer[8000];
    Mem_Options options = {.flags = MEM_UNLOCKED};
    Mem_Region *region = Mem_RegionCreateAt(buffer, sizeof buffer, &options);
    char *block;

    ck_assert_ptr_nonnull(region);
    block = Mem_RegionCalloc(region, 50, 100);
    ck_assert_ptr_nonnull(block);
    ck_assert(block > buffer && block + 5000 < buffer + sizeof buffer);
    ck_assert_int_eq(Mem_RegionCheck(region), 0);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

/* A region inside a block of another. */
START_TEST(create_at_inside_a_region)
{
    Bed outer = bed_open((Kind)_i, 1 << 16);
    char *memory = checked_alloc(&outer, 10000);
    Mem_Region *inner = Mem_RegionCreateAt(memory, 10000, NULL);
    char *block = Mem_RegionAlloc(inner, 5000);

    ck_assert(block > memory && block + 5000 <= memory + 10000);
    memset(block, 1, 5000);
    ck_assert_int_eq(Mem_RegionCheck(inner), 0);
    checked_sound(&outer);
    checked_refused(&outer, block);
    ck_assert_int_eq(Mem_RegionDestroy(inner), 0);
    pattern_fill(memory, bed_size(&outer, memory));
    checked_free(&outer, memory);
    checked_empty(&outer);
    bed_close(&outer);
}
END_TEST

/* The same memory holds one region after another, whatever the last one left in it. */
START_TEST(create_at_again)
{
    Random source = support_random("create_at_again", _i);

    for (int round = 0; round < 300; round++) {
        size_t size = 1500 + random_below(&source, 20000);
        Mem_Options options = {.alignment = (size_t)8 << random_below(&source, 4)};
        Bed bed = {.alignment = options.alignment};

        bed.region = Mem_RegionCreateAt(arena + 8 * random_below(&source, 64), size, &options);
        ck_assert_ptr_nonnull(bed.region);
        bed.first = Mem_RegionAlloc(bed.region, 1);
        ck_assert_int_eq(Mem_RegionFree(bed.region, bed.first), 0);
        bed.capacity = bed_stats(&bed).capacity;
        checked_empty(&bed);
        while (checked_calloc(&bed, 1, random_scaled(&source, 2000)) != NULL) {
        }
        ck_assert_int_eq(Mem_RegionDestroy(bed.region), 0);
    }
}
END_TEST

/* A region can be created again in its own memory, and everything of the old one is forgotten. */
START_TEST(destroyed_region_has_no_blocks)
{
    Mem_Region *region = Mem_RegionCreateAt(arena, sizeof arena, NULL);
    void *block = Mem_RegionAlloc(region, 100);

    ck_assert_ptr_nonnull(block);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    memset(arena, 0xff, sizeof arena); /* the memory is the caller's again */
    region = Mem_RegionCreateAt(arena, sizeof arena, NULL);
    errno = 0;
    ck_assert_int_eq(Mem_RegionFree(region, block), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(Mem_RegionCheck(region), 0);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("region-at");

    tcase_add_test(tests, create_at_refuses);
    tcase_add_test(tests, create_at_refuses_options);
    tcase_add_loop_test(tests, create_at_every_size, 0, 10);
    tcase_add_loop_test(tests, create_at_every_place, 0, 10);
    tcase_add_test(tests, create_at_leaves_most);
    tcase_add_test(tests, create_at_on_the_stack);
    tcase_add_loop_test(tests, create_at_inside_a_region, 0, KIND_COUNT);
    tcase_add_loop_test(tests, create_at_again, 0, 2);
    tcase_add_test(tests, destroyed_region_has_no_blocks);
    return support_end();
}
