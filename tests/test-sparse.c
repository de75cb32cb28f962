/* SPDX-License-Identifier: MIT
 *
 * Sparse regions, which are opened in steps: what the process is charged for, what is writable,
 * what is in core files, and that nothing is lost when the system refuses. And what Calloc
 * clears. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"

enum { MIB = 1 << 20, SIZE = 256 * MIB, BLOCK = 300000, STEP = 2 * MIB };

static Bed open_sparse(size_t size, unsigned flags)
{
    const Mem_Options options = {.flags = MEM_SPARSE | flags};
    Bed bed = {.alignment = 8, .region = Mem_RegionCreate(size, &options)};

    ck_assert_ptr_nonnull(bed.region);
    bed.first = Mem_RegionAlloc(bed.region, 1);
    ck_assert_int_eq(Mem_RegionFree(bed.region, bed.first), 0);
    bed.capacity = bed_stats(&bed).capacity;
    return bed;
}

/* Returns the bytes of private writable memory of the process, which it is charged for. */
static size_t charged(void)
{
    FILE *stream = fopen("/proc/self/status", "r");
    char line[200];
    size_t kib = 0;

    ck_assert_ptr_nonnull(stream);
    while (kib == 0 && fgets(line, sizeof line, stream) != NULL) {
        if (sscanf(line, "VmData: %zu", &kib) != 1) {
            kib = 0;
        }
    }
    fclose(stream);
    return kib << 10;
}

/* Returns how many pages of some memory are resident. */
static size_t present(const char *memory, size_t size)
{
    static unsigned char pages[64 * MIB / 4096];
    size_t page = support_page();
    uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)memory + size) & ~(page - 1);
    size_t count = 0;

    ck_assert_int_eq(mincore((void *)begin, end - begin, pages), 0);
    for (size_t i = 0; i < (end - begin) / page; i++) {
        count += pages[i] & 1;
    }
    return count;
}

static bool is_zero(const char *memory, size_t size)
{
    return size == 0 || (memory[0] == 0 && memcmp(memory, memory + 1, size - 1) == 0);
}

/* Returns the signal of a child that writes to an address; 0: none. */
static int signal_of_write(char *address)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        *(volatile char *)address = 'x';
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Verifies that the charge follows the memory in use. The bookkeeping adds a 32nd of it, and a MiB
 * or two. */
static void expect_charged(size_t before, size_t in_use)
{
    size_t now = charged() - before;

    ck_assert_msg(now >= in_use && now <= in_use + in_use / 4 + 3 * (size_t)STEP,
                  "%zu KiB are charged for %zu", now >> 10, in_use >> 10);
}

START_TEST(charged_for_what_is_used)
{
    size_t before = charged();
    Bed bed = open_sparse(SIZE, 0);
    size_t used = 0;

    expect_charged(before, 0);
    while (used < SIZE / 4) {
        ck_assert_ptr_nonnull(checked_alloc(&bed, BLOCK));
        used += BLOCK;
        expect_charged(before, used);
    }
    ck_assert_ptr_nonnull(checked_alloc(&bed, bed_stats(&bed).largest_free));
    ck_assert_uint_ge(charged() - before, SIZE);
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
    ck_assert_uint_lt(charged(), before + STEP);
}
END_TEST

/* Regions opened at once: small ones, and those whose memory must be there. */
START_TEST(opened_at_once)
{
    static const unsigned flags[] = {0, MEM_EXACT, MEM_POPULATE, MEM_LOCKED};
    static const size_t sizes[] = {4 * MIB, 6 * MIB, 6 * MIB, 6 * MIB};
    const Mem_Options options = {.flags = MEM_SPARSE | flags[_i]};
    size_t before = charged();
    Mem_Region *region = Mem_RegionCreate(sizes[_i], &options);

    if (region == NULL && flags[_i] == MEM_LOCKED) {
        support_skip("no memory may be locked");
        return;
    }
    ck_assert_ptr_nonnull(region);
    ck_assert_uint_ge(charged() - before, sizes[_i]);
    before = charged();
    ck_assert_ptr_nonnull(Mem_RegionAlloc(region, sizes[_i] - 16));
    ck_assert_uint_eq(charged(), before);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

/* Memory far beyond all blocks is readable, but not writable. */
START_TEST(beyond_what_is_open)
{
    Bed bed = open_sparse(SIZE, 0);
    char *last = checked_alloc(&bed, 20 * MIB);

    ck_assert_int_eq(last[25 * MIB], 0);
    ck_assert_int_eq(signal_of_write(last + 20 * MIB - 1), 0);
    ck_assert_int_eq(signal_of_write(last + 25 * MIB), SIGSEGV);
    ck_assert_int_eq(signal_of_write(bed.first + bed.capacity - MIB), SIGSEGV);
    checked_free(&bed, last);
    bed_close(&bed);
}
END_TEST

/* Returns how much of some memory would be in a core file, if it was ever written to, from
 * /proc/self/smaps. */
static size_t dumped(const char *memory, size_t size)
{
    FILE *stream = fopen("/proc/self/smaps", "r");
    char line[400];
    uintptr_t begin, end;
    size_t inside = 0, sum = 0;

    ck_assert_ptr_nonnull(stream);
    while (fgets(line, sizeof line, stream) != NULL) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2) {
            begin = begin < (uintptr_t)memory ? (uintptr_t)memory : begin;
            end = end > (uintptr_t)memory + size ? (uintptr_t)memory + size : end;
            inside = end > begin ? end - begin : 0;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd") == NULL) {
            sum += inside;
        }
    }
    fclose(stream);
    return sum;
}

START_TEST(core_files_have_what_is_open)
{
    Bed bed = open_sparse(SIZE, 0);
    char *from = bed.first - SIZE / 16; /* the bookkeeping, too */
    char *block;

    ck_assert_uint_le(dumped(from, SIZE + SIZE / 16), 4 * STEP);
    block = checked_alloc(&bed, 50 * MIB);
    ck_assert_uint_eq(dumped(block, 50 * MIB), 50 * MIB);
    ck_assert_uint_le(dumped(from, SIZE + SIZE / 16), 60 * MIB + 4 * STEP);
    bed_close(&bed);
}
END_TEST

static bool set_limit(size_t bytes)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_DATA, &limit) != 0) {
        return false;
    }
    limit.rlim_cur = bytes;
    return setrlimit(RLIMIT_DATA, &limit) == 0;
}

/* Verifies that each function fails, and changes nothing, when nothing more can be opened. */
static void expect_refused(const Bed *bed, char *last)
{
    uint64_t digest = bed_digest(bed);
    size_t in_use = bed_stats(bed).bytes_in_use;

    for (int i = 0; i < 5; i++) {
        errno = 0;
        ck_assert_ptr_null(i == 0   ? Mem_RegionAlloc(bed->region, 40 * MIB)
                           : i == 1 ? Mem_RegionCalloc(bed->region, 40, MIB)
                           : i == 2 ? Mem_RegionAlignedAlloc(bed->region, 4096, 40 * MIB)
                           : i == 3 ? Mem_RegionRealloc(bed->region, last, 40 * MIB)
                                    : Mem_RegionRealloc(bed->region, NULL, 40 * MIB));
        ck_assert_int_eq(errno, ENOMEM);
        checked_sound(bed);
    }
    ck_assert_uint_eq(bed_digest(bed), digest);
    ck_assert_uint_eq(bed_stats(bed).bytes_in_use, in_use);
    checked_pattern(bed, last);
}

START_TEST(what_the_system_refuses)
{
    static char *blocks[SIZE / BLOCK];
    Bed bed = open_sparse(SIZE, 0);
    size_t count = 0;

    ck_assert(set_limit(charged() + 32 * MIB));
    while ((blocks[count] = Mem_RegionAlloc(bed.region, BLOCK)) != NULL) {
        pattern_fill(blocks[count], bed_size(&bed, blocks[count]));
        checked_sound(&bed);
        count++;
    }
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_uint_ge(count * BLOCK, 28 * MIB);
    ck_assert_uint_le(count * BLOCK, 32 * MIB + 2 * STEP);
    expect_refused(&bed, blocks[count - 1]);
    for (size_t i = 0; i < count; i += 2) {
        checked_free(&bed, blocks[i]);
    }
    for (size_t i = 0; i < count; i += 2) { /* open memory can be used again */
        blocks[i] = checked_alloc(&bed, BLOCK);
        ck_assert_ptr_nonnull(blocks[i]);
    }
    ck_assert(set_limit(RLIM_INFINITY));
    ck_assert_ptr_nonnull(checked_alloc(&bed, 40 * MIB));
    for (size_t i = 0; i < count; i++) {
        checked_free(&bed, blocks[i]);
    }
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A child opens more of its own copy, and the parent of another. */
START_TEST(in_a_child)
{
    Bed bed = open_sparse(SIZE, 0);
    char *before = checked_alloc(&bed, BLOCK);
    int status;
    pid_t child = fork();

    for (int i = 0; i < 60; i++) {
        ck_assert_ptr_nonnull(checked_alloc(&bed, MIB));
    }
    checked_pattern(&bed, before);
    if (child == 0) {
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    bed_close(&bed);
}
END_TEST

static void *grow(void *context)
{
    const Bed *bed = context;
    char *last[8] = {NULL};

    for (size_t i = 0; i < 2000; i++) {
        size_t size = (i * 7919 % 97) * (i % 31 == 0 ? 20000 : 100) + 1;
        char *block = Mem_RegionAlloc(bed->region, size);

        ck_assert_ptr_nonnull(block);
        memset(block, 'g', size);
        if (last[i % 8] != NULL && i % 3 != 0) {
            ck_assert_int_eq(Mem_RegionFree(bed->region, last[i % 8]), 0);
        }
        last[i % 8] = block;
    }
    return NULL;
}

START_TEST(with_threads)
{
    Bed bed = open_sparse(2 * (size_t)SIZE, 0);
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, grow, &bed), 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* Blocks of all sizes, resized and aligned, while the region opens. */
START_TEST(any_operations)
{
    enum { BLOCKS = 40 };
    char *blocks[BLOCKS] = {NULL};
    Random source = support_random("any_operations", _i);
    Bed bed = open_sparse(48 * MIB, 0);

    for (size_t left = support_operations(1000); left != 0; left--) {
        char **block = &blocks[random_below(&source, BLOCKS)];
        size_t size = random_scaled(&source, 3 * MIB);

        if (*block == NULL) {
            *block = random_below(&source, 2) == 0
                         ? checked_alloc(&bed, size)
                         : checked_aligned_alloc(&bed, (size_t)64 << random_below(&source, 16),
                                                 size);
        } else if (random_below(&source, 3) == 0) {
            char *resized = checked_realloc(&bed, *block, size);

            *block = resized != NULL ? resized : *block;
        } else {
            checked_free(&bed, *block);
            *block = NULL;
        }
    }
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Writes beyond a block, into memory that never was a block, do not show in what Calloc returns. */
START_TEST(overflow_into_memory_never_used)
{
    static const unsigned flags[] = {0, MEM_SPARSE, MEM_EXACT, MEM_POPULATE, MEM_LOCKED};
    static const size_t sizes[] = {100, 5000, 70000, 200000, 900000};
    const Mem_Options options = {.flags = flags[_i]};
    Mem_Region *region = Mem_RegionCreate(20 * MIB, &options);
    size_t beyond = 1200000;

    if (region == NULL && flags[_i] == MEM_LOCKED) {
        support_skip("no memory may be locked");
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *block = Mem_RegionAlloc(region, 1000);
        char *cleared;

        ck_assert_ptr_nonnull(block);
        memset(block, 'A', 1000 + beyond);
        errno = ERANGE;
        cleared = Mem_RegionCalloc(region, 1, sizes[i]);
        ck_assert_int_eq(errno, ERANGE);
        ck_assert_ptr_eq(cleared, block + 1000);
        ck_assert(is_zero(cleared, sizes[i]));
        ck_assert_int_eq(Mem_RegionCheck(region), 0);
    }
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

/* The page with the fence is writable before the heap reaches it. */
START_TEST(stray_write_before_the_fence)
{
    Bed bed = open_sparse(48 * MIB, 0);
    size_t size = bed.capacity;
    char *cleared;

    memset(bed.first + size - 100, 'A', 100);
    cleared = Mem_RegionCalloc(bed.region, 1, size);
    ck_assert_ptr_eq(cleared, bed.first);
    ck_assert(is_zero(cleared + size - MIB, MIB));
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* A large cleared block that was in use has no resident pages, except shared ones, unless its
 * memory must be resident. */
START_TEST(calloc_gives_pages_back)
{
    static const unsigned flags[] = {0, MEM_SPARSE, MEM_EXACT, MEM_POPULATE, MEM_LOCKED};
    const Mem_Options options = {.flags = flags[_i]};
    Mem_Region *region = Mem_RegionCreate(96 * MIB, &options);
    size_t size = 40 * MIB + 100, pages = size / support_page();
    char *before, *block;

    if (region == NULL && flags[_i] == MEM_LOCKED) {
        support_skip("no memory may be locked");
        return;
    }
    before = Mem_RegionAlloc(region, 1000);
    ck_assert_ptr_nonnull(before);
    for (int round = 0; round < 2; round++) {
        errno = ERANGE;
        block = Mem_RegionCalloc(region, 1, size);
        ck_assert_ptr_nonnull(block);
        ck_assert_int_eq(errno, ERANGE);
        if ((flags[_i] & (MEM_POPULATE | MEM_LOCKED)) != 0) {
            ck_assert_uint_ge(present(block, size), pages - 1);
        } else {
            ck_assert_uint_le(present(block, size), 2);
        }
        ck_assert(is_zero(block, size));
        memset(before, 'b', 1000);
        memset(block, 'c', size);
        ck_assert_int_eq(Mem_RegionFree(region, block), 0);
        memset(before, 'b', 1000);
        ck_assert_ptr_eq(Mem_RegionAlloc(region, size), block);
        ck_assert_int_eq(Mem_RegionFree(region, block), 0);
        ck_assert_int_eq(Mem_RegionCheck(region), 0);
    }
    ck_assert_int_eq(before[999], 'b');
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("sparse");

    tcase_add_loop_test(tests, any_operations, 0, 3);
    tcase_add_test(tests, in_a_child);
    tcase_add_test(tests, with_threads);
    tcase_add_loop_test(tests, overflow_into_memory_never_used, 0, 5);
    tcase_add_test(tests, stray_write_before_the_fence);
    if (!support_is_emulated() && !support_is_sanitized()) { /* which map and charge as they like */
        tcase_add_test(tests, charged_for_what_is_used);
        tcase_add_loop_test(tests, opened_at_once, 0, 4);
        tcase_add_test(tests, beyond_what_is_open);
        tcase_add_test(tests, core_files_have_what_is_open);
        tcase_add_test(tests, what_the_system_refuses);
        tcase_add_loop_test(tests, calloc_gives_pages_back, 0, 5);
    }
    return support_end();
}
