/* SPDX-License-Identifier: MIT
 *
 * Creates and destroys the default region. */
#include <errno.h>
#include <string.h>

#include "checked.h"

/* Hidden from the compiler, which warns of impossible sizes. */
static volatile size_t largest_size = SIZE_MAX;

static void expect_init_fails(size_t size, int expected)
{
    errno = 0;
    ck_assert_int_eq(Mem_Init(size), -1);
    ck_assert_int_eq(errno, expected);
}

START_TEST(init_refuses_sizes)
{
    expect_init_fails(0, EINVAL);
    expect_init_fails((size_t)PTRDIFF_MAX + 1, EINVAL);
    expect_init_fails((size_t)PTRDIFF_MAX + support_page(), EINVAL);
    expect_init_fails(largest_size, EINVAL);
    expect_init_fails(largest_size - 1, EINVAL);
    expect_init_fails(largest_size - support_page(), EINVAL);
    expect_init_fails((size_t)-4096, EINVAL); /* a negative int as a size */
    ck_assert_int_eq(Mem_Exit(), -1);
}
END_TEST

/* No machine has that much address space; rounding it up to pages must not wrap around. */
START_TEST(init_hands_on_the_error_of_the_system)
{
    if (support_is_sanitized()) {
        support_skip("sanitizers end a program that maps too much");
        return;
    }
    expect_init_fails(PTRDIFF_MAX, ENOMEM);
    expect_init_fails((size_t)PTRDIFF_MAX - 1, ENOMEM);
    expect_init_fails((size_t)PTRDIFF_MAX - support_page(), ENOMEM);
    ck_assert_int_eq(Mem_Exit(), -1);
    ck_assert_int_eq(Mem_Init(1), 0);
    ck_assert_int_eq(Mem_Exit(), 0);
}
END_TEST

START_TEST(init_rounds_up_to_pages)
{
    size_t page = support_page();
    const size_t sizes[] = {1,        8,     page / 2, page - 1, page, page + 1, 2 * page - 1,
                            2 * page, 100000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t rounded = (sizes[i] + page - 1) / page * page;
        Bed bed = bed_open(KIND_DEFAULT, sizes[i]);

        ck_assert_uint_eq(bed.capacity, rounded - 16);
        ck_assert_ptr_null(checked_alloc(&bed, rounded - 15));
        checked_empty(&bed);
        bed_close(&bed);
    }
}
END_TEST

/* The behaviour that programs of this interface expect of a region of one page. */
START_TEST(init_one_page)
{
    Bed bed;

    if (support_page() != 4096) {
        support_skip("pages are not of 4096 bytes");
        return;
    }
    bed = bed_open(KIND_DEFAULT, 4096);
    ck_assert_ptr_null(checked_alloc(&bed, 4096));
    ck_assert_ptr_null(checked_alloc(&bed, 4095));
    ck_assert_ptr_null(checked_alloc(&bed, 4081));
    checked_free(&bed, checked_alloc(&bed, 4080));
    for (int i = 0; i < 15; i++) {
        ck_assert_ptr_nonnull(checked_alloc(&bed, 256));
    }
    ck_assert_ptr_null(checked_alloc(&bed, 256));
    ck_assert_ptr_nonnull(checked_alloc(&bed, 240));
    ck_assert_ptr_null(checked_alloc(&bed, 1));
    bed_close(&bed);
}
END_TEST

START_TEST(init_twice_is_busy)
{
    Bed bed = bed_open(KIND_DEFAULT, 1);
    void *block = checked_alloc(&bed, 100);

    expect_init_fails(1, EBUSY);
    expect_init_fails(100000, EBUSY);
    checked_free(&bed, block);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(exit_ends_the_region)
{
    for (int round = 0; round < 3; round++) {
        Bed bed = bed_open(KIND_DEFAULT, 10000);

        ck_assert_ptr_nonnull(checked_alloc(&bed, 5000));
        errno = ERANGE;
        ck_assert_int_eq(Mem_Exit(), 0);
        ck_assert_int_eq(errno, ERANGE);
        ck_assert_int_eq(Mem_Exit(), -1);
        ck_assert_int_eq(errno, EINVAL);
        ck_assert_ptr_null(Mem_Alloc(1));
        ck_assert_int_eq(errno, EINVAL);
    }
}
END_TEST

START_TEST(init_leaves_errno)
{
    errno = ERANGE;
    ck_assert_int_eq(Mem_Init(100), 0);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_int_eq(Mem_Exit(), 0);
}
END_TEST

static int visit_nothing(const Mem_Block *block, void *context)
{
    (void)block;
    (void)context;
    return 0;
}

/* Sets errno to an unexpected value, so that the next call must set it. */
static void forget_errno(void)
{
    errno = ERANGE;
}

static void expect_einval(bool failed)
{
    ck_assert(failed);
    ck_assert_int_eq(errno, EINVAL);
    forget_errno();
}

START_TEST(nothing_works_without_a_region)
{
    char other[64];
    char message[20];
    Mem_Stats stats;

    forget_errno();
    expect_einval(Mem_Alloc(1) == NULL);
    expect_einval(Mem_Alloc(0) == NULL);
    expect_einval(Mem_Calloc(1, 1) == NULL);
    expect_einval(Mem_Realloc(NULL, 1) == NULL);
    expect_einval(Mem_Realloc(other, 1) == NULL);
    expect_einval(Mem_AlignedAlloc(8, 1) == NULL);
    expect_einval(Mem_Free(other) == -1);
    expect_einval(Mem_Size(other) == 0);
    expect_einval(Mem_Size(NULL) == 0);
    expect_einval(Mem_Check() == -1);
    strcpy(message, "before");
    expect_einval(Mem_CheckReport(message, sizeof message) == -1);
    expect_einval(Mem_GetStats(&stats) == -1);
    expect_einval(Mem_Walk(visit_nothing, NULL) == -1);
    expect_einval(Mem_Exit() == -1);
    ck_assert_int_eq(Mem_Free(NULL), 0);
    ck_assert_int_eq(errno, ERANGE);
}
END_TEST

START_TEST(nothing_works_on_null_without_a_region)
{
    char other[64];
    Mem_Stats stats;

    forget_errno();
    expect_einval(Mem_RegionAlloc(NULL, 1) == NULL);
    expect_einval(Mem_RegionCalloc(NULL, 1, 1) == NULL);
    expect_einval(Mem_RegionRealloc(NULL, NULL, 1) == NULL);
    expect_einval(Mem_RegionAlignedAlloc(NULL, 8, 1) == NULL);
    expect_einval(Mem_RegionFree(NULL, other) == -1);
    expect_einval(Mem_RegionSize(NULL, other) == 0);
    expect_einval(Mem_RegionCheck(NULL) == -1);
    expect_einval(Mem_RegionCheckReport(NULL, NULL, 0) == -1);
    expect_einval(Mem_RegionGetStats(NULL, &stats) == -1);
    expect_einval(Mem_RegionWalk(NULL, visit_nothing, NULL) == -1);
    expect_einval(Mem_RegionReset(NULL) == -1);
    expect_einval(Mem_RegionDestroy(NULL) == -1);
    expect_einval(Mem_RegionDump(NULL, stderr, MEM_JSON) == -1);
    ck_assert_int_eq(Mem_RegionFree(NULL, NULL), 0);
    ck_assert_int_eq(errno, ERANGE);
}
END_TEST

/* NULL in the place of a region stands for the default region. */
START_TEST(null_is_the_default_region)
{
    Bed bed = bed_open(KIND_DEFAULT, 10000);
    char *block = Mem_RegionAlloc(NULL, 100);
    char *aligned = Mem_RegionAlignedAlloc(NULL, 512, 10);
    char *cleared = Mem_RegionCalloc(NULL, 10, 10);
    Mem_Stats stats;

    ck_assert(block == bed.first && cleared != NULL && aligned != NULL);
    ck_assert_uint_eq((uintptr_t)aligned % 512, 0);
    ck_assert_uint_eq(Mem_Size(cleared), 104);
    block = Mem_RegionRealloc(NULL, block, 200);
    ck_assert_uint_eq(Mem_RegionSize(NULL, block), 200);
    ck_assert_int_eq(Mem_RegionGetStats(NULL, &stats), 0);
    ck_assert_uint_eq(stats.blocks_in_use, 3);
    ck_assert_int_eq(Mem_RegionWalk(NULL, visit_nothing, NULL), 0);
    ck_assert_int_eq(Mem_RegionFree(NULL, block), 0);
    ck_assert_int_eq(Mem_RegionCheck(NULL), 0);
    ck_assert_int_eq(Mem_RegionCheckReport(NULL, NULL, 0), 0);
    ck_assert_int_eq(Mem_Check(), 0);
    ck_assert_int_eq(Mem_RegionReset(NULL), 0);
    checked_empty(&bed);
    ck_assert_int_eq(Mem_RegionDestroy(NULL), 0);
    ck_assert_int_eq(Mem_RegionDestroy(NULL), -1);
}
END_TEST

/* The size of a block as known to the compiler, which _FORTIFY_SOURCE uses; the maximum if
 * unknown. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_dynamic_object_size)
#define known_size(block) __builtin_dynamic_object_size((block), 0)
#endif
#endif
#ifndef known_size
#define known_size(block) __builtin_object_size((block), 0)
#endif

#define ck_all_may_be_used(block)                                                                  \
    do {                                                                                           \
        void *ck_block = (block);                                                                  \
        ck_assert_uint_ge(known_size(ck_block), Mem_Size(ck_block));                               \
        memset(ck_block, 'u', Mem_Size(ck_block));                                                 \
        ck_assert_int_eq(Mem_Check(), 0);                                                          \
    } while (false)

/* Compilers never assume that a block is shorter than Mem_Size says. */
START_TEST(all_of_a_block_may_be_used)
{
    ck_assert_int_eq(Mem_Init(1 << 16), 0);
    ck_all_may_be_used(Mem_Alloc(0));
    ck_all_may_be_used(Mem_Alloc(13));
    ck_all_may_be_used(Mem_Calloc(3, 1));
    ck_all_may_be_used(Mem_Realloc(Mem_Alloc(4), 21));
    ck_all_may_be_used(Mem_AlignedAlloc(64, 50));
    ck_all_may_be_used(Mem_RegionAlloc(NULL, 13));
    ck_all_may_be_used(Mem_RegionCalloc(NULL, 3, 1));
    ck_all_may_be_used(Mem_RegionRealloc(NULL, NULL, 21));
    ck_all_may_be_used(Mem_RegionAlignedAlloc(NULL, 64, 50));
    ck_assert_int_eq(Mem_Exit(), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("init");

    tcase_add_test(tests, init_refuses_sizes);
    tcase_add_test(tests, init_hands_on_the_error_of_the_system);
    tcase_add_test(tests, init_rounds_up_to_pages);
    tcase_add_test(tests, init_one_page);
    tcase_add_test(tests, init_twice_is_busy);
    tcase_add_test(tests, exit_ends_the_region);
    tcase_add_test(tests, init_leaves_errno);
    tcase_add_test(tests, nothing_works_without_a_region);
    tcase_add_test(tests, nothing_works_on_null_without_a_region);
    tcase_add_test(tests, null_is_the_default_region);
    tcase_add_test(tests, all_of_a_block_may_be_used);
    return support_end();
}
