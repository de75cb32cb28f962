/* SPDX-License-Identifier: MIT
 *
 * Mem_Check and Mem_CheckReport as programs see them. inner-check.c tests that they find each kind
 * of damage. */
#include <errno.h>
#include <string.h>

#include "checked.h"

enum { SIZE = 1 << 14 };

static int report(const Bed *bed, char *message, size_t size)
{
    return bed->region == NULL ? Mem_CheckReport(message, size)
                               : Mem_RegionCheckReport(bed->region, message, size);
}

static int check(const Bed *bed)
{
    return bed->region == NULL ? Mem_Check() : Mem_RegionCheck(bed->region);
}

START_TEST(check_of_a_sound_region)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char message[8] = "before";

    checked_alloc(&bed, 100);
    errno = ERANGE;
    ck_assert_int_eq(check(&bed), 0);
    ck_assert_int_eq(report(&bed, NULL, 0), 0);
    ck_assert_int_eq(report(&bed, message, 0), 0);
    ck_assert_str_eq(message, "before");
    ck_assert_int_eq(report(&bed, message, 1), 0);
    ck_assert_str_eq(message, "");
    ck_assert_int_eq(errno, ERANGE);
    bed_close(&bed);
}
END_TEST

/* A program that writes beyond the last block changes the fence. Each of its bytes counts. */
START_TEST(check_finds_an_overwritten_fence)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *fence = bed.first + bed.capacity;
    char message[200];

    for (int i = 0; i < 16; i++) {
        char kept = fence[i];

        fence[i] = (char)(kept ^ 1);
        errno = 0;
        ck_assert_int_eq(check(&bed), -1);
        ck_assert_int_eq(errno, ENOTRECOVERABLE);
        errno = 0;
        ck_assert_int_eq(report(&bed, message, sizeof message), -1);
        ck_assert_int_eq(errno, ENOTRECOVERABLE);
        ck_assert_ptr_nonnull(strstr(message, "fence"));
        ck_assert_ptr_null(strchr(message, '\n'));
        fence[i] = kept;
        checked_sound(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* The message is cut as snprintf() would, and nothing is written behind it. */
START_TEST(check_cuts_its_message)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *fence = bed.first + bed.capacity;
    char whole[200], message[200];
    size_t length;

    fence[0] ^= 1;
    ck_assert_int_eq(report(&bed, whole, sizeof whole), -1);
    length = strlen(whole);
    ck_assert_uint_gt(length, 10);
    for (size_t size = 0; size < length + 5; size++) {
        memset(message, '~', sizeof message);
        ck_assert_int_eq(report(&bed, message, size), -1);
        if (size != 0) {
            size_t written = size - 1 < length ? size - 1 : length;

            ck_assert_uint_eq(strlen(message), written);
            ck_assert(memcmp(message, whole, written) == 0);
        }
        ck_assert_int_eq(message[size], '~');
    }
    ck_assert_int_eq(report(&bed, NULL, 100), -1);
    fence[0] ^= 1;
    bed_close(&bed);
}
END_TEST

/* An overwritten free block is found before any other call meets it, unless its links were
 * spared. */
START_TEST(check_finds_overwritten_links)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t size = 2 * bed.alignment;
    char *blocks[9];
    char message[200];

    for (int i = 0; i < 9; i++) {
        blocks[i] = checked_alloc(&bed, size);
    }
    for (int i = 1; i < 9; i += 2) {
        checked_free(&bed, blocks[i]);
    }
    for (int i = 1; i < 9; i += 2) {
        for (size_t byte = 0; byte < size; byte++) {
            char kept = blocks[i][byte];

            blocks[i][byte] = (char)(kept ^ 0x55);
            ck_assert_int_eq(check(&bed), byte < 8 ? -1 : 0);
            if (byte < 8) {
                ck_assert_int_eq(report(&bed, message, sizeof message), -1);
                ck_assert_ptr_null(strchr(message, '\n'));
                ck_assert_uint_gt(strlen(message), 0);
            }
            blocks[i][byte] = kept;
            checked_sound(&bed);
        }
    }
    bed_close(&bed);
}
END_TEST

/* Large free blocks contain nothing that could be overwritten. */
START_TEST(check_allows_writing_to_large_free_blocks)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t size = SIZE / 4;
    char *first = checked_alloc(&bed, size);
    char *wall = checked_alloc(&bed, 1);

    checked_free(&bed, first);
    memset(first, 0xff, size);
    checked_sound(&bed);
    ck_assert_ptr_eq(checked_alloc(&bed, size), first);
    checked_free(&bed, first);
    checked_free(&bed, wall);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("check");

    tcase_add_loop_test(tests, check_of_a_sound_region, 0, KIND_COUNT);
    tcase_add_loop_test(tests, check_finds_an_overwritten_fence, 0, KIND_COUNT);
    tcase_add_loop_test(tests, check_cuts_its_message, 0, KIND_COUNT);
    tcase_add_loop_test(tests, check_finds_overwritten_links, 0, KIND_COUNT);
    tcase_add_loop_test(tests, check_allows_writing_to_large_free_blocks, 0, KIND_COUNT);
    return support_end();
}
