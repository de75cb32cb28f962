/* SPDX-License-Identifier: MIT
 *
 * Mem_OnMisuse: each kind of misuse in every place, as reported to the handler. For LIBMEM_MISUSE
 * see misuse.sh, with the programs in misuse/. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>

#include "checked.h"

enum { SIZE = 1 << 15 };

/* What the handler was told. */
typedef struct Told {
    Mem_Misuse last;
    size_t calls;
    const Bed *bed;
} Told;

static void handle(const Mem_Misuse *misuse, void *context)
{
    Told *told = context;

    told->last = *misuse;
    told->calls++;
    /* The region is not locked, so the handler may use it. */
    if (told->bed != NULL) {
        checked_sound(told->bed);
        checked_free(told->bed, checked_alloc(told->bed, 8));
    }
    errno = ERANGE; /* the errno of the call must survive this */
}

/* Frees and resizes a bad pointer, and verifies what the handler is told. */
static void expect_misuse(const Bed *bed, const void *pointer, const Mem_Misuse *expected)
{
    for (int call = 0; call < 2; call++) {
        Told told = {.bed = bed};
        uint64_t misuses = bed_stats(bed).misuses;
        Mem_Misuse zero = {0};

        Mem_OnMisuse(handle, &told);
        errno = 0;
        if (call == 0) {
            ck_assert_int_eq(Mem_RegionFree(bed->region, (void *)(uintptr_t)pointer), -1);
        } else {
            ck_assert_ptr_null(Mem_RegionRealloc(bed->region, (void *)(uintptr_t)pointer, 8));
        }
        ck_assert_int_eq(errno, EINVAL);
        Mem_OnMisuse(NULL, NULL);
        ck_assert_uint_eq(told.calls, 1);
        ck_assert_int_eq(told.last.kind, expected->kind);
        ck_assert_ptr_nonnull(told.last.sentence);
        ck_assert_uint_gt(strlen(told.last.sentence), 10);
        ck_assert_ptr_null(strchr(told.last.sentence, '\n'));
        ck_assert_ptr_eq(told.last.pointer, pointer);
        ck_assert_ptr_eq(told.last.block, expected->block);
        ck_assert_uint_eq(told.last.block_size, expected->block_size);
        ck_assert_int_eq(told.last.block_in_use, expected->block_in_use);
        ck_assert_int_eq(told.last.reserved0, 0);
        ck_assert_mem_eq(told.last.reserved, zero.reserved, sizeof zero.reserved);
        if (bed->region != NULL) {
            ck_assert_ptr_eq(told.last.region, bed->region);
        } else {
            ck_assert_ptr_nonnull(told.last.region);
        }
        ck_assert_uint_eq(bed_stats(bed).misuses, misuses + 1);
        checked_sound(bed);
    }
}

typedef struct Probe {
    const Bed *bed;
    Mem_Block blocks[64];
    size_t count;
} Probe;

static int collect(const Mem_Block *block, void *context)
{
    Probe *probe = context;

    probe->blocks[probe->count++] = *block;
    return probe->count == 64;
}

/* Tries every bad pointer into a block, at its edges and in its middle. */
static void probe_block(const Bed *bed, const Mem_Block *block)
{
    const size_t offsets[] = {0,
                              1,
                              7,
                              8,
                              9,
                              63,
                              64,
                              65,
                              504,
                              512,
                              520,
                              block->size / 2,
                              block->size - 9,
                              block->size - 8,
                              block->size - 1};

    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        char *pointer = (char *)block->address + offsets[i];
        Mem_Misuse expected = {
            .block = block->address, .block_size = block->size, .block_in_use = block->in_use};

        if (offsets[i] >= block->size || (offsets[i] == 0 && block->in_use)) {
            continue;
        }
        expected.kind = (uintptr_t)pointer % bed->alignment != 0 ? MEM_MISUSE_UNALIGNED
                        : block->in_use                          ? MEM_MISUSE_INSIDE
                                                                 : MEM_MISUSE_FREED;
        expect_misuse(bed, pointer, &expected);
    }
}

START_TEST(handler_is_told_of_every_place)
{
    static const size_t units[] = {1, 2, 64, 64, 65, 63, 200, 130, 1, 1, 300, 128};
    enum { UNITS = sizeof units / sizeof units[0] };
    Bed bed = bed_open((Kind)_i, SIZE * (_i == KIND_INSIDE_64 ? 8 : 2));
    Probe probe = {.count = 0};
    void *blocks[UNITS];

    for (size_t i = 0; i < UNITS; i++) {
        blocks[i] = checked_alloc(&bed, units[i] * bed.alignment);
    }
    for (size_t i = 1; i < UNITS; i += 2) {
        checked_free(&bed, blocks[i]);
    }
    bed_walk(&bed, collect, &probe);
    ck_assert_uint_eq(probe.count, UNITS);
    for (size_t i = 0; i < probe.count; i++) {
        probe_block(&bed, &probe.blocks[i]);
    }
    bed_close(&bed);
}
END_TEST

START_TEST(handler_is_told_of_what_is_outside)
{
    static int global;
    const Mem_Misuse outside = {.kind = MEM_MISUSE_OUTSIDE};
    Bed bed = bed_open((Kind)_i, SIZE);
    char *end = bed.first + bed.capacity;

    checked_alloc(&bed, 100);
    expect_misuse(&bed, &global, &outside);
    expect_misuse(&bed, &bed, &outside);
    expect_misuse(&bed, bed.first - 1, &outside);
    expect_misuse(&bed, bed.first - 8, &outside);
    expect_misuse(&bed, bed.first - 4096, &outside);
    expect_misuse(&bed, end, &outside);
    expect_misuse(&bed, end + 8, &outside);
    expect_misuse(&bed, end + 16, &outside);
    expect_misuse(&bed, end + 4096, &outside);
    expect_misuse(&bed, (void *)1, &outside);
    expect_misuse(&bed, (void *)8, &outside);
    expect_misuse(&bed, (void *)UINTPTR_MAX, &outside);
    expect_misuse(&bed, (void *)(UINTPTR_MAX - 7), &outside);
    if (bed.region != NULL) {
        expect_misuse(&bed, bed.region, &outside);
    }
    bed_close(&bed);
}
END_TEST

START_TEST(handler_is_told_that_there_is_no_region)
{
    char bytes[8];
    Told told = {.bed = NULL};

    Mem_OnMisuse(handle, &told);
    errno = 0;
    ck_assert_int_eq(Mem_Free(bytes), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(told.calls, 1);
    ck_assert_int_eq(told.last.kind, MEM_MISUSE_NO_REGION);
    ck_assert_ptr_eq(told.last.pointer, bytes);
    ck_assert_ptr_null(told.last.region);
    ck_assert_ptr_null(told.last.block);
    ck_assert_uint_eq(told.last.block_size, 0);
    ck_assert_int_eq(Mem_RegionFree(NULL, bytes), -1);
    ck_assert_uint_eq(told.calls, 2);
    ck_assert_int_eq(Mem_Free(NULL), 0);
    ck_assert_uint_eq(told.calls, 2);
    Mem_OnMisuse(NULL, NULL);
}
END_TEST

/* One handler serves all regions; NULL removes it. */
START_TEST(handler_can_be_changed)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Bed other = bed_open(KIND_INSIDE, SIZE);
    Told first = {.bed = NULL};
    Told second = {.bed = NULL};

    Mem_OnMisuse(handle, &first);
    ck_assert_int_eq(Mem_RegionFree(bed.region, &bed), -1);
    ck_assert_int_eq(Mem_RegionFree(other.region, &bed), -1);
    ck_assert_ptr_eq(first.last.region, other.region);
    ck_assert_uint_eq(first.calls, 2);
    Mem_OnMisuse(handle, &second);
    ck_assert_int_eq(Mem_RegionFree(bed.region, &bed), -1);
    ck_assert_uint_eq(first.calls, 2);
    ck_assert_uint_eq(second.calls, 1);
    Mem_OnMisuse(NULL, &second);
    ck_assert_int_eq(Mem_RegionFree(bed.region, &bed), -1);
    ck_assert_uint_eq(second.calls, 1);
    bed_close(&other);
    bed_close(&bed);
}
END_TEST

/* Asking for the size of a bad pointer is no misuse; nor are errors of other arguments. */
START_TEST(handler_is_not_called_in_vain)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Told told = {.bed = NULL};

    Mem_OnMisuse(handle, &told);
    ck_assert_uint_eq(bed_size(&bed, &bed), 0);
    ck_assert_uint_eq(bed_size(&bed, bed.first), 0);
    ck_assert_uint_eq(bed_size(&bed, NULL), 0);
    ck_assert_ptr_null(Mem_RegionAlignedAlloc(bed.region, 3, 8));
    ck_assert_ptr_null(Mem_RegionAlloc(bed.region, bed.capacity + 1));
    ck_assert_int_eq(Mem_RegionFree(bed.region, NULL), 0);
    ck_assert_uint_eq(told.calls, 0);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 0);
    Mem_OnMisuse(NULL, NULL);
    bed_close(&bed);
}
END_TEST

static void misuse_again(const Mem_Misuse *misuse, void *context)
{
    int *depth = context;

    if (++*depth < 5) {
        ck_assert_int_eq(Mem_RegionFree(misuse->region, (void *)(uintptr_t)misuse->pointer), -1);
    }
}

/* A handler may itself misuse the region; that is reported, too. */
START_TEST(handler_may_be_called_from_itself)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    int depth = 0;

    Mem_OnMisuse(misuse_again, &depth);
    ck_assert_int_eq(Mem_RegionFree(bed.region, bed.first), -1);
    ck_assert_int_eq(depth, 5);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 5);
    Mem_OnMisuse(NULL, NULL);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A pointer into the middle of the free memory of a region, far larger than the used part. */
START_TEST(handler_in_a_large_region)
{
    Bed bed = bed_open(KIND_MAPPED, (size_t)1 << 28);
    char *first = checked_alloc(&bed, 100000);
    Mem_Misuse expected = {.kind = MEM_MISUSE_FREED, .block_in_use = 0};

    expected.block = first + 100000;
    expected.block_size = bed.capacity - 100000;
    expect_misuse(&bed, bed.first + ((size_t)1 << 27), &expected);
    expect_misuse(&bed, bed.first + bed.capacity - 8, &expected);
    expected = (Mem_Misuse){
        .kind = MEM_MISUSE_INSIDE, .block = first, .block_size = 100000, .block_in_use = 1};
    expect_misuse(&bed, first + 50000, &expected);
    bed_close(&bed);
}
END_TEST

static jmp_buf after_misuse;

static void jump_out(const Mem_Misuse *misuse, void *context)
{
    (void)misuse;
    (void)context;
    longjmp(after_misuse, 1);
}

static void end_thread(const Mem_Misuse *misuse, void *context)
{
    (void)misuse;
    pthread_exit(context);
}

static void *misuse_in_thread(void *argument)
{
    const Bed *bed = argument;

    Mem_RegionFree(bed->region, bed->first + bed->capacity);
    return NULL;
}

/* However a handler is left, the region is unlocked and unchanged. */
START_TEST(handler_may_be_left)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    void *block = checked_alloc(&bed, 100);
    uint64_t digest = bed_digest(&bed);
    pthread_t thread;
    void *result;

    Mem_OnMisuse(jump_out, NULL);
    if (setjmp(after_misuse) == 0) {
        misuse_in_thread(&bed);
        ck_abort_msg("the handler was not called");
    }
    ck_assert_uint_eq(bed_digest(&bed), digest);
    Mem_OnMisuse(end_thread, &bed);
    ck_assert_int_eq(pthread_create(&thread, NULL, misuse_in_thread, &bed), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, &bed);
    Mem_OnMisuse(NULL, NULL);
    ck_assert_uint_eq(bed_digest(&bed), digest);
    checked_free(&bed, block);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("misuse-handler");

    tcase_add_loop_test(tests, handler_is_told_of_every_place, 0, KIND_COUNT);
    tcase_add_loop_test(tests, handler_is_told_of_what_is_outside, 0, KIND_COUNT);
    tcase_add_test(tests, handler_is_told_that_there_is_no_region);
    tcase_add_loop_test(tests, handler_can_be_changed, 0, KIND_COUNT);
    tcase_add_loop_test(tests, handler_is_not_called_in_vain, 0, KIND_COUNT);
    tcase_add_loop_test(tests, handler_may_be_called_from_itself, 0, KIND_COUNT);
    tcase_add_test(tests, handler_in_a_large_region);
    tcase_add_loop_test(tests, handler_may_be_left, 0, KIND_COUNT);
    return support_end();
}
