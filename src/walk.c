/* SPDX-License-Identifier: MIT
 *
 * A function of the program's is shown each block, while the region is locked. How ever that function is left, by
 * the end of its thread or an exception as well, the region is unlocked: that takes -fexceptions. */
#include <errno.h>

#include "operations.h"

static int walk(Heap *heap, Mem_Visitor *visit, void *context)
{
    Pos next;
    int result = 0;

    if (heap->broken) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    for (Pos at = heap->first; at != heap->end && result == 0; at = next) {
        Mem_Block block = {.address = heap_address(heap, at)};

        next = heap_next(heap, at);
        block.size = heap_bytes(heap, next - at);
        block.in_use = !map_is_free(heap_map(heap), at);
        result = visit(&block, context);
    }
    return result;
}

int Mem_RegionWalk(Mem_Region *handle, Mem_Visitor *visit, void *context)
{
    Region *region;
    Operation operation;
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
    result = walk(operation.heap, visit, context);
    pthread_cleanup_pop(1);
    return result;
}

int Mem_Walk(Mem_Visitor *visit, void *context)
{
    return Mem_RegionWalk(NULL, visit, context);
}
