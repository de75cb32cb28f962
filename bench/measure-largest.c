/* SPDX-License-Identifier: MIT
 *
 * The largest block of a fresh region, and again after the region was filled and everything
 * freed. */
#include "bench.h"

/* Returns the largest size that alloc can serve now. */
static size_t largest(const Heap *heap, size_t region)
{
    size_t fits = 0;
    size_t fails = region + 1;

    while (fails - fits > 1) {
        size_t middle = fits + (fails - fits) / 2;
        void *block = heap->alloc(middle);
        if (block != NULL) {
            heap->free(block);
            fits = middle;
        } else {
            fails = middle;
        }
    }
    return fits;
}

int measure_largest(const Heap *heap, const Setting *setting)
{
    size_t region = (size_t)setting->region;
    Crowd crowd;

    if (!heap->bounded || heap->open(region) != 0)
        return 1;
    size_t fresh = largest(heap, region);

    crowd_init(&crowd, heap, region);
    crowd_grow(&crowd, heap, 0.55, 1, 0);
    while (crowd.count > 0)
        heap->free(crowd_remove_any(&crowd).address);

    emit("fresh", "bytes", (double)fresh);
    emit("again", "bytes", (double)largest(heap, region));
    emit("mapped", "bytes", (double)heap->memory());
    return 0;
}
