/* SPDX-License-Identifier: MIT
 *
 * Figures beyond those of any region in a test. */
#include "region/stats.h"
#include "support.h"

/* Of an exabyte, half of it and all but one unit; of little; of a region that is damaged. */
START_TEST(the_smallest_and_the_largest_fragmentation)
{
    uint64_t free = UINT64_C(1) << 62;

    ck_assert_uint_eq(stats_fragmentation(0, 0), 0);
    ck_assert_uint_eq(stats_fragmentation(free, free), 0);
    ck_assert_uint_eq(stats_fragmentation(free, free / 2), 500000);
    ck_assert_uint_eq(stats_fragmentation(free, 8), 1000000);
    ck_assert_uint_eq(stats_fragmentation(UINT64_MAX, 1), 1000000);
    ck_assert_uint_eq(stats_fragmentation(8000008, 8000000), 1);
    ck_assert_uint_eq(stats_fragmentation(16, 8), 500000);
    ck_assert_uint_eq(stats_fragmentation(8, 16), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("stats-inner");

    tcase_add_test(tests, the_smallest_and_the_largest_fragmentation);
    return support_end();
}
