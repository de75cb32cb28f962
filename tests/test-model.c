/* SPDX-License-Identifier: MIT
 *
 * Random operations against the model: regions from tiny to huge, sizes of all scales, until full,
 * until empty, and again. */
#include "churn.h"

/* Very many operations, on regions so small that each takes little time. */
START_TEST(small_regions)
{
    Random source = support_random("small_regions", _i);
    size_t operations = support_operations(100000);
    size_t batch = 1500;

    for (size_t done = 0; done < operations; done += batch) {
        size_t size = 64 + random_scaled(&source, 16000);
        Churn run = {.size_limit = 1 + random_scaled(&source, size),
                     .copy_limit = SIZE_MAX,
                     .blocks_limit = 300,
                     .phase_length = 100 + random_below(&source, 100)};
        Bed bed = bed_open((Kind)_i, size);

        churn_bed(&bed, &run, &source, batch);
        bed_close(&bed);
    }
}
END_TEST

/* Regions in memory of every size from the smallest possible. */
START_TEST(tiny_regions)
{
    Random source = support_random("tiny_regions", _i);
    size_t operations = support_operations(200000);
    size_t rounds = 0;

    for (size_t size = 600; size < 4000; size += 8) {
        Bed bed = bed_open_inside(size, (size_t)8 << size / 8 % 4);

        if (bed.region != NULL) {
            Churn run = {.size_limit = bed.capacity,
                         .copy_limit = SIZE_MAX,
                         .blocks_limit = 100,
                         .phase_length = 50};

            churn_bed(&bed, &run, &source, operations / 400);
            rounds++;
        }
        bed_close(&bed);
    }
    ck_assert_uint_gt(rounds, 100);
}
END_TEST

START_TEST(medium_regions)
{
    Random source = support_random("medium_regions", _i);
    size_t operations = support_operations(8000);

    for (int round = 0; round < 4; round++) {
        size_t size = (size_t)1 << (16 + 2 * round);
        Churn run = {.size_limit = size / (size_t)(8 << 2 * round),
                     .copy_limit = SIZE_MAX,
                     .blocks_limit = 1500,
                     .phase_length = 500 + random_below(&source, 500)};
        Bed bed = bed_open((Kind)_i, size - random_below(&source, size / 4));

        churn_bed(&bed, &run, &source, operations / 4);
        bed_close(&bed);
    }
}
END_TEST

/* Many blocks of common sizes, in 16 MiB. */
START_TEST(many_blocks)
{
    Random source = support_random("many_blocks", _i);
    Churn run = {
        .size_limit = 2000, .copy_limit = SIZE_MAX, .blocks_limit = 20000, .phase_length = 800};
    Bed bed = bed_open((Kind)_i, 1 << 24);

    churn_bed(&bed, &run, &source, support_operations(3000));
    bed_close(&bed);
}
END_TEST

/* A huge region: a few blocks of sizes up to all of it. The time for each operation grows with the
 * region. */
START_TEST(huge_regions)
{
    Random source = support_random("huge_regions", _i);
    size_t size = SIZE_MAX > UINT32_MAX ? (size_t)1 << (28 + _i) : (size_t)1 << (24 + _i);
    Mem_Options options = {.alignment = _i % 2 == 0 ? UNIT : 16, .flags = MEM_SPARSE};
    Churn run = {
        .size_limit = size / 4, .copy_limit = 1 << 22, .blocks_limit = 100, .phase_length = 40};
    Bed bed = {.alignment = options.alignment};
    Mem_Stats stats;

    if (support_is_sanitized() || support_is_emulated()) {
        support_skip("not that much address space is left");
        return;
    }
    bed.region = Mem_RegionCreate(size, &options);
    ck_assert_ptr_nonnull(bed.region);
    bed.first = Mem_RegionAlloc(bed.region, 1);
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    ck_assert_int_eq(Mem_RegionGetStats(bed.region, &stats), 0);
    bed.capacity = stats.capacity;
    churn_bed(&bed, &run, &source, support_operations((size_t)1200 >> _i));
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("model");

    tcase_add_loop_test(tests, small_regions, 0, KIND_COUNT);
    tcase_add_test(tests, tiny_regions);
    tcase_add_loop_test(tests, medium_regions, 0, KIND_CACHED + 1);
    tcase_add_loop_test(tests, many_blocks, 0, KIND_CACHED + 1);
    tcase_add_loop_test(tests, huge_regions, 0, 4);
    return support_end();
}
