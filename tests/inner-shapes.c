/* SPDX-License-Identifier: MIT
 *
 * Heaps of every shape against the model. They are driven through the interface of the library, but
 * put together by hand. */
#include "churn.h"
#include "shaped.h"

START_TEST(shapes_at_random)
{
    Random source = support_random("shapes_at_random", _i);
    size_t operations = support_operations(150000);
    size_t batch = 1000;

    for (size_t done = 0; done < operations; done += batch) {
        Shape shape = {.shift = 3 + (unsigned)random_below(&source, 6)};
        Churn run = {.copy_limit = SIZE_MAX, .blocks_limit = 200, .phase_length = 120};
        Bed bed;

        shape.classes = (Pos)64 << random_below(&source, 4);
        shape.gap = (Pos)random_below(&source, 200);
        shape.units = 2 + 2 * (Pos)random_scaled(&source, 6 * (size_t)shape.classes);
        shape.alignment = ((size_t)1 << shape.shift) << (random_below(&source, 3) == 0);
        bed = shaped_open(&shape);
        run.size_limit = 1 + random_scaled(&source, bed.capacity);
        churn_bed(&bed, &run, &source, batch);
        bed_close(&bed);
    }
}
END_TEST

/* [ before ][ block ][ behind ], and a first block at every place in a word of the map; with sizes
 * a few times that of the smallest large block. */
START_TEST(shapes_with_every_first_block)
{
    const Pos classes = _i == 0 ? 64 : 512;
    const size_t scale = classes / 64;
    const size_t step = (support_is_emulated() ? 37 : 11) * scale;

    for (Pos gap = 0; gap < 64; gap++) {
        Shape shape = {.shift = 3, .classes = classes, .gap = gap, .alignment = 8};
        Bed bed;

        shape.units = (Pos)(280 * scale);
        bed = shaped_open(&shape);
        for (size_t begin = 1 + gap % 3; begin < 200 * scale; begin += step) {
            for (size_t size = 1 + gap % 5; size < 278 * scale - begin; size += step) {
                Model model;

                ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
                model_open(&model, &bed);
                model_alloc(&model, begin * 8);
                model_alloc(&model, size * 8);
                model_alloc(&model, 8);
                model_free(&model, 1);
                model_free(&model, model_used(&model, (begin + size) % 2));
                model_alloc(&model, size * 4);
                model_free(&model, model_used(&model, 0));
                model_close(&model);
            }
        }
        bed_close(&bed);
    }
}
END_TEST

/* Heaps of one unit, and of a few. */
START_TEST(shapes_of_few_units)
{
    Random source = support_random("shapes_of_few_units", _i);

    for (Pos units = 1; units < 140; units++) {
        Shape shape = {
            .shift = 3 + (unsigned)(units % 4), .classes = 64, .gap = units % 64, .units = units};
        Churn run = {.copy_limit = SIZE_MAX, .blocks_limit = 100, .phase_length = 40};
        Bed bed;

        shape.alignment = (size_t)1 << shape.shift;
        bed = shaped_open(&shape);
        run.size_limit = bed.capacity;
        checked_empty(&bed);
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        churn_bed(&bed, &run, &source, support_operations(40000) / 140);
        bed_close(&bed);
    }
}
END_TEST

/* No address in the bookkeeping, or around the region, is that of a block. */
START_TEST(bookkeeping_is_refused)
{
    for (Pos classes = 64; classes <= 512; classes *= 2) {
        Shape shape = {.shift = 3 + (unsigned)_i, .classes = classes, .gap = 70, .units = 3000};
        Bed bed;
        const char *end;

        shape.alignment = (size_t)1 << shape.shift;
        bed = shaped_open(&shape);
        end = bed.memory + bed.memory_size + 2 * (bed_memory(&bed) - bed.memory);
        checked_alloc(&bed, bed.capacity / 2);
        for (const char *at = bed.memory; at < end; at += 8) {
            if (at < bed.first || at >= bed.first + bed.capacity) {
                checked_refused(&bed, at);
            }
        }
        bed_close(&bed);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("shapes");

    tcase_add_loop_test(tests, shapes_at_random, 0, 2);
    tcase_add_loop_test(tests, shapes_with_every_first_block, 0, 2);
    tcase_add_test(tests, shapes_of_few_units);
    tcase_add_loop_test(tests, bookkeeping_is_refused, 0, 2);
    return support_end();
}
