/* SPDX-License-Identifier: MIT
 *
 * Walks: a function of the program is called with each block, while the region is locked. However
 * that function is left, even by an exception or the end of its thread, the region is unlocked.
 * That takes -fexceptions. */
#include <errno.h>
#include <pthread.h>

#include "region/operation.h"

static int walk(View view, Mem_Visitor *visit, void *context)
{
    ViewBlock block;
    int result = 0;

    if (view.heap->broken) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    while (result == 0 && view_next(&view, &block)) {
        Mem_Block shown = {.address = heap_address(view.heap, block.start),
                           .size = heap_bytes(view.heap, block.units),
                           .in_use = block.in_use};

        result = visit(&shown, context);
    }
    return result;
}

int Mem_RegionWalk(Mem_Region *handle, Mem_Visitor *visit, void *context)
{
    Region *region;
    Operation operation;
    Granules granules;
    int result;

    region = region_wanted(handle);
    if (region == NULL) {
        return -1;
    }
    if (visit == NULL) {
        errno = EINVAL;
        return -1;
    }
    operation_begin_walk(&operation, region);
    pthread_cleanup_push(operation_end_walk, &operation);
    result = walk(region_view(region, &granules), visit, context);
    pthread_cleanup_pop(1);
    return result;
}

int Mem_Walk(Mem_Visitor *visit, void *context)
{
    return Mem_RegionWalk(NULL, visit, context);
}
