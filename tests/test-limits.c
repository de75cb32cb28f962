/* SPDX-License-Identifier: MIT
 *
 * Limits of the machine: exhausted address space, memory that must not be locked, regions far
 * larger than memory, and regions of one page. Each limit is set in a process of its own. */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"

enum { CHILD_FAILED = 1, CHILD_SKIPPED = 2 };

/* Runs an action in a process of its own, which exits with its result: 0 on success. */
static void run_child(int (*action)(void))
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        _exit(action());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_SKIPPED) {
        support_skip("the limit can't be set here");
    } else {
        ck_assert_int_eq(WEXITSTATUS(status), 0);
    }
}

static bool set_limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};

    return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

/* Returns the bytes of address space of the process. */
static size_t address_space(void)
{
    FILE *stream = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    if (stream != NULL) {
        if (fscanf(stream, "%zu", &pages) != 1) {
            pages = 0;
        }
        fclose(stream);
    }
    return pages * support_page();
}

/* Creates regions until no more fit; each takes a bit more than 3 MiB of address space with its
 * guards. Refused ones fail with ENOMEM, and the others work. When one is gone there is room
 * again. */
static int use_up_address_space(void)
{
    enum { REGIONS = 100, SIZE = 1 << 20 };
    Mem_Region *regions[REGIONS] = {NULL};
    size_t used = address_space();
    size_t count = 0;

    if (used == 0 || !set_limit(RLIMIT_AS, used + 60 * (size_t)SIZE)) {
        return CHILD_SKIPPED;
    }
    errno = 0;
    if (Mem_Init((size_t)SIZE * 80) != -1 || errno != ENOMEM) {
        return 10;
    }
    while (count < REGIONS && (regions[count] = Mem_RegionCreate(SIZE, NULL)) != NULL) {
        if (Mem_RegionAlloc(regions[count], SIZE - 16) == NULL ||
            Mem_RegionCheck(regions[count]) != 0) {
            return 11;
        }
        count++;
    }
    if (count < 10 || count >= 20 || errno != ENOMEM) {
        return 12;
    }
    if (Mem_Init(SIZE) != -1 || errno != ENOMEM || Mem_Exit() != -1) {
        return 13;
    }
    if (Mem_RegionDestroy(regions[3]) != 0 || Mem_Init(SIZE) != 0) {
        return 14;
    }
    for (size_t i = 0; i < count; i++) {
        if (i != 3 && (Mem_RegionCheck(regions[i]) != 0 || Mem_RegionDestroy(regions[i]) != 0)) {
            return 15;
        }
    }
    return Mem_Check() == 0 && Mem_Exit() == 0 ? 0 : 16;
}

START_TEST(address_space_used_up)
{
    if (support_is_emulated() || support_is_sanitized()) {
        support_skip("emulators and sanitizers need address space themselves");
        return;
    }
    run_child(use_up_address_space);
}
END_TEST

/* Runs as a user without privileges, who may lock two pages. */
static int lock_too_much(void)
{
    const Mem_Options locked = {.flags = MEM_LOCKED};

    if ((geteuid() == 0 && setuid(65534) != 0) || !set_limit(RLIMIT_MEMLOCK, 2 * support_page())) {
        return CHILD_SKIPPED;
    }
    errno = 0;
    if (Mem_RegionCreate(100 * support_page(), &locked) != NULL ||
        (errno != ENOMEM && errno != EPERM && errno != EAGAIN)) {
        return CHILD_FAILED;
    }
    return Mem_RegionCreate(100 * support_page(), NULL) != NULL ? 0 : CHILD_FAILED;
}

START_TEST(memory_that_must_not_be_locked)
{
    if (support_is_emulated() || support_is_sanitized()) {
        support_skip("emulators and sanitizers don't lock");
        return;
    }
    run_child(lock_too_much);
}
END_TEST

START_TEST(memory_that_is_locked)
{
    const Mem_Options locked = {.flags = MEM_LOCKED};
    Bed bed = {.alignment = 8, .region = Mem_RegionCreate(support_page(), &locked)};

    if (bed.region == NULL) {
        ck_assert(errno == ENOMEM || errno == EPERM || errno == EAGAIN || errno == ENOSYS);
        support_skip("no memory may be locked");
        return;
    }
    bed.first = Mem_RegionAlloc(bed.region, 1);
    bed.capacity = bed_stats(&bed).capacity;
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

#if SIZE_MAX > UINT32_MAX
/* Creates a sparse region. NULL: the system has no room for it, as it may. */
static Mem_Region *create_sparse(size_t size, size_t alignment)
{
    const Mem_Options sparse = {.flags = MEM_SPARSE, .alignment = alignment};
    Mem_Region *region = Mem_RegionCreate(size, &sparse);

    if (region == NULL) {
        ck_assert_int_eq(errno, ENOMEM);
        support_skip("the system does not give that much address space");
    }
    return region;
}
#endif

/* A region of 40 GiB, with blocks at its start, in its middle and at its end. Its units have 16
 * bytes. */
START_TEST(sparse_region)
{
#if SIZE_MAX > UINT32_MAX
    size_t size = ((size_t)1 << 30) * (size_t)(_i == 0 ? 40 : 33);
    size_t half = size / 2;
    Bed bed = {.alignment = 16};
    char *start, *middle, *end, *rest;

    if (support_is_emulated() || support_is_sanitized()) {
        support_skip("emulators and sanitizers have not that much address space");
        return;
    }
    bed.region = create_sparse(size, _i == 2 ? 64 : 8);
    if (bed.region == NULL) {
        return;
    }
    bed.alignment = _i == 2 ? 64 : 16;
    bed.capacity = bed_stats(&bed).capacity;
    ck_assert_uint_eq(bed.capacity, (size - 16) & ~(bed.alignment - 1));
    bed.first = Mem_RegionAlloc(bed.region, 1);
    ck_assert_int_eq(Mem_RegionFree(bed.region, bed.first), 0);
    start = checked_alloc(&bed, 1);
    ck_assert_ptr_eq(start, bed.first);
    ck_assert_uint_eq(bed_size(&bed, start), bed.alignment);
    rest = checked_alloc(&bed, half - bed.alignment);
    middle = checked_alloc(&bed, 1000);
    ck_assert_ptr_eq(middle, bed.first + half);
    end = checked_alloc(&bed, (bed_stats(&bed).largest_free - 4096) & ~(bed.alignment - 1));
    ck_assert_ptr_nonnull(end);
    checked_free(&bed, end);
    end = checked_aligned_alloc(&bed, 1 << 20, half - (4 << 20));
    ck_assert_uint_eq((uintptr_t)end % (1 << 20), 0);
    checked_refused(&bed, end + 8);
    checked_refused(&bed, middle + 16);
    checked_refused(&bed, start + 8);
    ck_assert_ptr_eq(checked_realloc(&bed, end, 100000), end);
    checked_free(&bed, rest);
    checked_refused(&bed, rest);
    ck_assert_ptr_eq(checked_realloc(&bed, middle, half), bed.first + bed.alignment);
    checked_free(&bed, start);
    checked_free(&bed, bed.first + bed.alignment);
    checked_free(&bed, end);
    checked_empty(&bed);
    ck_assert_ptr_null(checked_alloc(&bed, size));
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
#else
    support_skip("no room for 40 GiB in 32 bits");
#endif
}
END_TEST

/* The largest region with units of 8 bytes, and the next larger ones. */
START_TEST(sparse_regions_around_32_gib)
{
#if SIZE_MAX > UINT32_MAX
    const size_t gib = (size_t)1 << 30, mib = (size_t)1 << 20;
    const size_t sizes[] = {31 * gib,     32 * gib - 3 * mib, 32 * gib - mib, 32 * gib,
                            32 * gib + 1, 64 * gib,           200 * gib};

    if (support_is_emulated() || support_is_sanitized()) {
        support_skip("emulators and sanitizers have not that much address space");
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Mem_Region *region = create_sparse(sizes[i], 8);
        Mem_Stats stats;
        char *first, *second;

        if (region == NULL) {
            return;
        }
        ck_assert_int_eq(Mem_RegionGetStats(region, &stats), 0);
        ck_assert_uint_eq(stats.largest_free, stats.capacity);
        first = Mem_RegionAlloc(region, stats.capacity);
        ck_assert_ptr_nonnull(first);
        ck_assert_int_eq(Mem_RegionFree(region, first), 0);
        first = Mem_RegionAlloc(region, 1);
        second = Mem_RegionAlloc(region, 1);
        ck_assert_uint_eq((size_t)(second - first), sizes[i] <= 32 * gib - 3 * mib ? 8
                                                    : sizes[i] < 64 * gib          ? 16
                                                    : sizes[i] < 128 * gib         ? 32
                                                                                   : 64);
        pattern_fill(first, (size_t)(second - first));
        ck_assert_int_eq(Mem_RegionFree(region, first), 0);
        ck_assert_int_eq(Mem_RegionFree(region, first), -1);
        ck_assert_int_eq(Mem_RegionFree(region, second), 0);
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    }
#else
    support_skip("no room for 32 GiB in 32 bits");
#endif
}
END_TEST

/* As many regions of one page as there may be mappings, or a thousand. */
START_TEST(many_regions_of_one_page)
{
    enum { REGIONS = 1000 };
    static Mem_Region *regions[REGIONS];
    size_t count = 0;

    while (count < REGIONS && (regions[count] = Mem_RegionCreate(1, NULL)) != NULL) {
        ck_assert_ptr_nonnull(Mem_RegionAlloc(regions[count], support_page() - 16));
        ck_assert_ptr_null(Mem_RegionAlloc(regions[count], 1));
        ck_assert_int_eq(Mem_RegionCheck(regions[count]), 0);
        count++;
    }
    ck_assert_uint_gt(count, 100);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(Mem_RegionCheck(regions[i]), 0);
        ck_assert_int_eq(Mem_RegionDestroy(regions[i]), 0);
    }
}
END_TEST

/* Regions one after another leave nothing behind. */
START_TEST(regions_leave_nothing_behind)
{
    size_t before = 0;

    for (int i = 0; i < 2000; i++) {
        Mem_Region *region = Mem_RegionCreate(1 << 20, NULL);

        ck_assert_ptr_nonnull(region);
        Mem_RegionAlloc(region, 100);
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
        if (i == 100) {
            before = address_space();
        }
    }
    ck_assert_uint_le(address_space(), before + (64 << 20));
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("limits");

    tcase_add_test(tests, address_space_used_up);
    tcase_add_test(tests, memory_that_must_not_be_locked);
    tcase_add_test(tests, memory_that_is_locked);
    tcase_add_loop_test(tests, sparse_region, 0, 3);
    tcase_add_test(tests, sparse_regions_around_32_gib);
    tcase_add_test(tests, many_regions_of_one_page);
    tcase_add_test(tests, regions_leave_nothing_behind);
    return support_end();
}
