/* SPDX-License-Identifier: MIT
 *
 * Time: nanoseconds of one free and one alloc in a steady random churn. */
#include "bench.h"

#include <time.h>

enum { WARM_UP = 3 }; /* pairs before the measured ones, for each live block */

/* Returns the processor time of this thread, in ns, which stops while other threads run. */
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int measure_ns(const Heap *heap, const Setting *setting)
{
    Table table;

    if (heap->open((size_t)setting->region) != 0)
        return 1;
    table_fill(&table, heap, (uint32_t)setting->live);
    table_churn(&table, heap, WARM_UP * setting->live);

    /* Chooses places and sizes beforehand, so that the clock sees little but the calls. */
    uint32_t *places = workload_memory((size_t)setting->pairs * sizeof *places, 1);
    uint32_t *sizes = workload_memory((size_t)setting->pairs * sizeof *sizes, 1);
    for (uint64_t i = 0; i < setting->pairs; i++) {
        places[i] = random_below(table.count);
        sizes[i] = random_size();
    }

    int full = 0;
    double start = now();
    for (uint64_t i = 0; i < setting->pairs; i++) {
        void **place = &table.blocks[places[i]];
        heap->free(*place);
        void *block = heap->alloc(sizes[i]);
        *place = block;
        if (block == NULL) {
            full = 1;
            break;
        }
        *(volatile unsigned char *)block = 1;
    }
    double end = now();
    if (full)
        return 1;
    emit("pair", "ns", (end - start) / (double)setting->pairs);
    return 0;
}
