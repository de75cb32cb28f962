/* SPDX-License-Identifier: MIT
 *
 * Mapped regions: options, flags, several of them, reset. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "checked.h"

enum { SIZE = 1 << 16, FLAGS = 7 };

/* Bytes of the map for the units of the 2 MiB between bookkeeping and heap. */
enum { MAP_OF_GUARD = 2 * ((2 << 20) / 8 / 8) };

/* Hidden from the compiler, which warns of impossible sizes. */
static volatile size_t largest_size = SIZE_MAX;

static void expect_create_fails(size_t size, const Mem_Options *options)
{
    errno = 0;
    ck_assert_ptr_null(Mem_RegionCreate(size, options));
    ck_assert_int_eq(errno, EINVAL);
}

START_TEST(create_refuses_sizes)
{
    expect_create_fails(0, NULL);
    expect_create_fails((size_t)PTRDIFF_MAX + 1, NULL);
    expect_create_fails(largest_size, NULL);
    expect_create_fails(largest_size - support_page(), NULL);
}
END_TEST

START_TEST(create_refuses_options)
{
    for (size_t alignment = 1; alignment <= 20000; alignment++) {
        Mem_Options options = {.alignment = alignment};

        if (alignment > 4096 || (alignment & (alignment - 1)) != 0) {
            expect_create_fails(SIZE, &options);
        }
    }
    for (unsigned bits = 0; bits < 8 * sizeof(size_t); bits++) {
        Mem_Options options = {.alignment = (size_t)1 << bits};

        if (bits > 12) {
            expect_create_fails(SIZE, &options);
        }
    }
    for (unsigned bits = FLAGS; bits < 8 * sizeof(unsigned); bits++) {
        Mem_Options options = {.flags = 1U << bits};

        expect_create_fails(SIZE, &options);
    }
    for (size_t i = 0; i < 5; i++) {
        Mem_Options options = {0};

        options.reserved[i] = 1;
        expect_create_fails(SIZE, &options);
    }
    expect_create_fails(SIZE, &(Mem_Options){.reserved0 = 1});
}
END_TEST

START_TEST(all_alignments)
{
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        Mem_Options options = {.alignment = alignment};
        Bed bed = {.alignment = alignment < 8 ? 8 : alignment};
        size_t size = alignment < 8 ? SIZE / 8
                                    : SIZE; /* these have the blocks of 8 bytes, which are many */

        bed.region = Mem_RegionCreate(size, &options);
        ck_assert_ptr_nonnull(bed.region);
        bed.first = Mem_RegionAlloc(bed.region, 1);
        bed.capacity = bed_stats(&bed).capacity;
        ck_assert_uint_eq(bed.capacity, (size - 16) & ~(bed.alignment - 1));
        ck_assert_uint_eq((uintptr_t)bed.first % bed.alignment, 0);
        for (size_t i = 1; i < (size - 16) / bed.alignment; i++) {
            ck_assert_ptr_eq(checked_alloc(&bed, 1), bed.first + i * bed.alignment);
        }
        ck_assert_ptr_null(checked_alloc(&bed, 1));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        checked_empty(&bed);
        bed_close(&bed);
    }
}
END_TEST

/* A few pages for blocks of at least a page: a region has room for one block, or none. */
START_TEST(alignments_of_a_page)
{
    for (size_t alignment = 512; alignment <= 4096; alignment *= 2) {
        for (size_t pages = 1; pages < 4; pages++) {
            Mem_Options options = {.alignment = alignment};
            Bed bed = {.alignment = alignment};

            errno = 0;
            bed.region = Mem_RegionCreate(pages * support_page(), &options);
            if (bed.region == NULL) {
                ck_assert_int_eq(errno, EINVAL);
                ck_assert_uint_lt(pages * support_page() - 16, alignment);
                continue;
            }
            bed.capacity = bed_stats(&bed).capacity;
            ck_assert_uint_ge(bed.capacity, alignment);
            bed.first = Mem_RegionAlloc(bed.region, 1);
            ck_assert_ptr_nonnull(bed.first);
            checked_free(&bed, checked_alloc(&bed, alignment));
            ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
            checked_empty(&bed);
            bed_close(&bed);
        }
    }
}
END_TEST

/* Every combination of flags makes a working region. */
START_TEST(all_flags)
{
    for (unsigned flags = 0; flags < 1U << FLAGS; flags++) {
        Mem_Options options = {.flags = flags};
        Bed bed = {.alignment = 8, .region = Mem_RegionCreate(3 * SIZE, &options)};

        if (bed.region == NULL && (flags & MEM_LOCKED) != 0 &&
            (errno == ENOMEM || errno == EPERM || errno == EAGAIN || errno == ENOSYS)) {
            continue; /* the system may not lock that much */
        }
        ck_assert_msg(bed.region != NULL, "flags %#x: errno %d", flags, errno);
        bed.first = Mem_RegionAlloc(bed.region, 1);
        bed.capacity = bed_stats(&bed).capacity;
        ck_assert_uint_eq(bed.capacity, 3 * SIZE - 16);
        checked_free(&bed, checked_realloc(&bed, checked_alloc(&bed, 100), 10000));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        checked_empty(&bed);
        bed_close(&bed);
    }
}
END_TEST

static size_t pages_present(const Bed *bed)
{
    static unsigned char present[64];
    size_t page = support_page();
    size_t pages = (bed->capacity + 16) / page;
    size_t count = 0;

    ck_assert_uint_le(pages, 64);
    ck_assert_int_eq(mincore(bed->first, pages * page, present), 0);
    for (size_t i = 0; i < pages; i++) {
        count += present[i] & 1;
    }
    return count;
}

START_TEST(populate_makes_pages_present)
{
    const unsigned flags[] = {0, MEM_POPULATE, MEM_POPULATE | MEM_HUGE, MEM_POPULATE | MEM_SPARSE};
    size_t page = support_page();

    if (support_is_emulated()) {
        support_skip("which pages are present is not known");
        return;
    }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        Mem_Options options = {.flags = flags[i]};
        Bed bed = {.alignment = 8, .region = Mem_RegionCreate(64 * page, &options)};

        ck_assert_ptr_nonnull(bed.region);
        bed.first = Mem_RegionAlloc(bed.region, 1);
        bed.capacity = bed_stats(&bed).capacity;
        if (flags[i] == 0) {
            ck_assert_uint_le(pages_present(&bed), 2);
        } else {
            ck_assert_uint_eq(pages_present(&bed), 64);
        }
        bed_close(&bed);
    }
}
END_TEST

START_TEST(create_leaves_errno)
{
    Mem_Options options = {.flags = MEM_HUGE};
    Mem_Region *region;

    errno = ERANGE;
    region = Mem_RegionCreate(SIZE, &options);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_int_eq(Mem_RegionReset(region), 0);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    ck_assert_int_eq(errno, ERANGE);
}
END_TEST

/* Regions do not affect each other. */
START_TEST(regions_are_apart)
{
    enum { REGIONS = 20 };
    Bed beds[REGIONS];
    void *blocks[REGIONS];

    for (int i = 0; i < REGIONS; i++) {
        beds[i] = bed_open(i == 0 ? KIND_DEFAULT : (Kind)(1 + i % (KIND_COUNT - 1)), SIZE);
        blocks[i] = checked_alloc(&beds[i], 1000);
    }
    for (int i = 0; i < REGIONS; i++) {
        checked_free(&beds[i], checked_alloc(&beds[i], 20000));
        ck_assert_uint_eq(bed_stats(&beds[i]).blocks_in_use, 1);
        checked_refused(&beds[i], blocks[(i + 1) % REGIONS]);
    }
    for (int i = 0; i < REGIONS; i += 2) {
        bed_close(&beds[i]);
    }
    for (int i = 1; i < REGIONS; i += 2) {
        checked_free(&beds[i], blocks[i]);
        checked_empty(&beds[i]);
        bed_close(&beds[i]);
    }
}
END_TEST

START_TEST(reset_frees_all)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Random source = support_random("reset_frees_all", _i);
    Mem_Stats before, after;

    for (int round = 0; round < 20; round++) {
        void *last = NULL;
        void *block;

        while ((block = checked_alloc(&bed, random_scaled(&source, SIZE / 10))) != NULL) {
            if (last != NULL && random_below(&source, 3) == 0) {
                checked_free(&bed, last);
                block = NULL;
            }
            last = block;
        }
        before = bed_stats(&bed);
        errno = ERANGE;
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        ck_assert_int_eq(errno, ERANGE);
        checked_sound(&bed);
        after = bed_stats(&bed);
        ck_assert_uint_eq(after.peak_in_use, 0);
        ck_assert_uint_eq(after.allocs, before.allocs);
        ck_assert_uint_eq(after.frees, before.frees);
        ck_assert_uint_eq(after.failures, before.failures);
        ck_assert_uint_eq(after.bookkeeping, before.bookkeeping);
        if (last != NULL) {
            checked_refused(&bed, last);
        }
        if (round % 2 == 0) {
            checked_empty(&bed);
        }
    }
    bed_close(&bed);
}
END_TEST

/* The bookkeeping is out of reach of a region's blocks, and small. */
START_TEST(bookkeeping_is_told)
{
    for (size_t size = 1; size < (size_t)1 << 28; size = size * 3 + 1) {
        Mem_Region *region = Mem_RegionCreate(size, NULL);
        Mem_Stats stats;

        ck_assert_ptr_nonnull(region);
        ck_assert_int_eq(Mem_RegionGetStats(region, &stats), 0);
        ck_assert_uint_gt(stats.bookkeeping, 2 * support_page());
        ck_assert_uint_lt(stats.bookkeeping, size / 16 + 40000 + 4 * support_page() + MAP_OF_GUARD);
        ck_assert_uint_eq((stats.bookkeeping + stats.capacity) % support_page(), 0);
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    }
}
END_TEST

static void note_region(const Mem_Misuse *misuse, void *context)
{
    *(Mem_Region **)context = misuse->region;
}

/* A handler is told the region of a misuse. Destroying the default region by its handle works like
 * Mem_Exit. */
START_TEST(default_region_by_its_handle)
{
    Mem_Region *region = NULL;
    int local = 0;

    ck_assert_int_eq(Mem_Init(SIZE), 0);
    Mem_OnMisuse(note_region, &region);
    ck_assert_int_eq(Mem_Free(&local), -1);
    Mem_OnMisuse(NULL, NULL);
    ck_assert_ptr_nonnull(region);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    errno = 0;
    ck_assert_ptr_null(Mem_Alloc(1));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(Mem_Exit(), -1);
    ck_assert_int_eq(Mem_Init(SIZE), 0);
    ck_assert_int_eq(Mem_Exit(), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("region");

    tcase_add_test(tests, create_refuses_sizes);
    tcase_add_test(tests, create_refuses_options);
    tcase_add_test(tests, all_alignments);
    tcase_add_test(tests, alignments_of_a_page);
    tcase_add_test(tests, all_flags);
    tcase_add_test(tests, populate_makes_pages_present);
    tcase_add_test(tests, create_leaves_errno);
    tcase_add_test(tests, regions_are_apart);
    tcase_add_loop_test(tests, reset_frees_all, 0, KIND_COUNT);
    tcase_add_test(tests, bookkeeping_is_told);
    tcase_add_test(tests, default_region_by_its_handle);
    return support_end();
}
