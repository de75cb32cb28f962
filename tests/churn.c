/* SPDX-License-Identifier: MIT */
#include "churn.h"

/* The dominant operation of a phase. */
typedef enum Phase { PHASE_FILL, PHASE_CHURN, PHASE_DRAIN, PHASE_COUNT } Phase;

static void allocate(Model *model, const Churn *run, Random *source)
{
    size_t size = random_scaled(source, run->size_limit);

    switch (random_below(source, 8)) {
    case 0:
        model_calloc(model, size < run->copy_limit ? size : run->copy_limit);
        break;
    case 1:
        model_aligned_alloc(model, (size_t)1 << random_below(source, 14), size);
        break;
    case 2: /* more than the region has, or nearly */
        model_alloc(model, model->bed->capacity - size % model->bed->capacity);
        break;
    default:
        model_alloc(model, size);
        break;
    }
}

/* Does one operation. Of ten, `allocations` allocate, two resize, and the others free. */
static void operate(Model *model, const Churn *run, Random *source, size_t allocations)
{
    size_t which = random_below(source, 10);

    if (model->blocks_in_use == 0 ||
        (which < allocations && model->blocks_in_use < run->blocks_limit)) {
        allocate(model, run, source);
    } else {
        size_t index = model_used(model, random_below(source, model->blocks_in_use));

        if (which >= 8 && model->blocks[index].size <= run->copy_limit) {
            model_realloc(model, index, random_scaled(source, run->size_limit));
        } else {
            model_free(model, index);
        }
    }
}

void churn_bed(const Bed *bed, const Churn *run, Random *source, size_t operations)
{
    static const size_t allocations[PHASE_COUNT] = {8, 4, 2};
    Model model;

    model_open(&model, bed);
    for (size_t done = 0; done < operations; done++) {
        Phase phase = (Phase)(done / run->phase_length % PHASE_COUNT);

        operate(&model, run, source, allocations[phase]);
        if (done % (run->phase_length * PHASE_COUNT) == run->phase_length * PHASE_COUNT - 1) {
            if (random_below(source, 2) == 0) {
                model_free_all(&model, source);
                checked_empty(bed);
            }
            ck_assert_int_eq(Mem_RegionReset(bed->region), 0);
            model_close(&model);
            model_open(&model, bed);
        }
    }
    model_close(&model);
}
