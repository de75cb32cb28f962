/* SPDX-License-Identifier: MIT
 *
 * The guards of a mapped region: a write to any of them ends the process, and no page of them is
 * ever resident. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"

/* Bytes between the bookkeeping and the heap, at least. */
enum { GUARD = 2 << 20 };

static const size_t sizes[] = {1 << 12, 1 << 16, 1 << 20, 24 << 20};
static const unsigned flags[] = {
    0, MEM_SPARSE, MEM_POPULATE, MEM_HUGE | MEM_POPULATE, MEM_LOCKED, MEM_EXACT | MEM_SPARSE};
enum { SIZES = 4, VARIANTS = 4 * 6 };

/* Creates a region of each size with each combination of flags. NULL: the system does not lock that
 * much. */
static Mem_Region *create(int variant, char **first)
{
    const Mem_Options options = {.flags = flags[variant / SIZES]};
    Mem_Region *region = Mem_RegionCreate(sizes[variant % SIZES], &options);

    if (region == NULL && (options.flags & MEM_LOCKED) != 0) {
        support_skip("no memory may be locked");
        return NULL;
    }
    ck_assert_ptr_nonnull(region);
    *first = Mem_RegionAlloc(region, 1);
    ck_assert_ptr_nonnull(*first);
    return region;
}

/* A line of /proc/self/maps. */
typedef struct Mapping {
    uintptr_t begin, end;
    char access[5];
} Mapping;

static bool is_guard(const Mapping *mapping)
{
    return strcmp(mapping->access, "---p") == 0;
}

/* Finds the mapping around an address, joined with adjacent mappings that are no guards, and the
 * mapping before it. */
static void find_mapping(const void *address, Mapping *found, Mapping *before)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[400];
    Mapping last = {.begin = 0};

    ck_assert_ptr_nonnull(maps);
    *found = *before = last;
    while (found->end <= (uintptr_t)address && fgets(line, sizeof line, maps) != NULL) {
        last = *found;
        ck_assert_int_eq(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &found->begin, &found->end,
                                found->access),
                         3);
        if (found->begin == last.end && !is_guard(&last) && !is_guard(found)) {
            found->begin = last.begin;
        } else {
            *before = last;
        }
    }
    fclose(maps);
    ck_assert_uint_le(found->begin, (uintptr_t)address);
}

/* Returns the signal of a child that reads from an address, or writes to it; 0: none. */
static int signal_of(char *address, bool writes)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        volatile char *byte = address;

        if (writes) {
            *byte = 'x';
        } else if (*byte != 0) {
            _exit(1);
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Memory below the heap is readable, for wild links, and all 0; it is not writable. */
START_TEST(below_the_heap)
{
    static const size_t distances[] = {8, 4096, 1 << 16, 1 << 20, GUARD - 8, GUARD};
    char *first;
    Mem_Region *region = create(_i, &first);

    for (size_t i = 0; region != NULL && i < sizeof distances / sizeof distances[0]; i++) {
        ck_assert_int_eq(signal_of(first - distances[i], true), SIGSEGV);
        ck_assert_int_eq(signal_of(first - distances[i], false), 0);
    }
}
END_TEST

/* No page of the guards is resident, with any flags. */
START_TEST(guards_are_not_present)
{
    static unsigned char present[GUARD / 4096];
    size_t page = support_page();
    char *first;
    Mem_Region *region = create(_i, &first);

    if (region == NULL) {
        return;
    }
    ck_assert_int_eq(mincore(first - GUARD, GUARD, present), 0);
    for (size_t i = 0; i < GUARD / page; i++) {
        ck_assert_msg((present[i] & 1) == 0, "the page %zu of %d", i, _i);
    }
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

/* If a mapping of the program ends right below a region, an inaccessible page of the region
 * follows; likewise behind it. */
START_TEST(around_the_region)
{
    size_t page = support_page();
    Mapping bookkeeping, before;
    Mem_Stats stats;
    char *first, *end;
    Mem_Region *region = create(_i, &first);

    if (region == NULL) {
        return;
    }
    find_mapping(region, &bookkeeping, &before);
    ck_assert_uint_eq(before.end, bookkeeping.begin);
    ck_assert_uint_ge(before.end - before.begin, page);
    ck_assert(is_guard(&before));
    for (int writes = 0; writes < 2; writes++) {
        ck_assert_int_eq(signal_of((char *)bookkeeping.begin - 8, writes != 0), SIGSEGV);
        ck_assert_int_eq(signal_of((char *)before.begin, writes != 0), SIGSEGV);
    }
    ck_assert_int_eq(Mem_RegionGetStats(region, &stats), 0);
    end = first + stats.capacity + 16;
    ck_assert_int_eq(signal_of(end - 1, false), 0);
    ck_assert_int_eq(signal_of(end, false), SIGSEGV);
    find_mapping(end, &bookkeeping, &before);
    ck_assert(is_guard(&bookkeeping));
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("guards");

    if (support_is_emulated() || support_is_sanitized()) {
        support_skip("emulators and sanitizers take faults themselves, and map as they like");
        return SUPPORT_SKIPPED;
    }
    tcase_add_loop_test(tests, below_the_heap, 0, VARIANTS);
    tcase_add_loop_test(tests, guards_are_not_present, 0, VARIANTS);
    tcase_add_loop_test(tests, around_the_region, 0, VARIANTS);
    return support_end();
}
