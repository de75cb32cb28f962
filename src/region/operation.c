/* SPDX-License-Identifier: MIT
 *
 * Operations on the blocks of a region: lock it, ask the heap, and tell the caller. */
#include "region/operation.h"

#include <errno.h>

#include "region/opening.h"

static void begin(Operation *operation, Region *region)
{
    operation->region = region;
    operation->heap = &region->heap;
    operation->noted = 0;
}

void operation_begin(Operation *operation, Region *region)
{
    begin(operation, region);
    operation_resume(operation);
}

void operation_end(Operation *operation)
{
    operation_pause(operation);
    operation_report(operation);
}

void operation_pause(Operation *operation)
{
    region_unlock(operation->region, operation->locked);
}

void operation_resume(Operation *operation)
{
    operation->locked = region_lock(operation->region);
}

void operation_begin_look(Operation *operation, Region *region)
{
    operation_begin(operation, region);
    region_hide_caches(region);
}

void operation_end_look(Operation *operation)
{
    region_show_caches(operation->region);
    operation_end(operation);
}

void operation_begin_walk(Operation *operation, Region *region)
{
    begin(operation, region);
    operation->locked = lock_take_always(&region->lock);
    region_hide_caches(region);
    if (operation->locked) {
        lock_begin_walk(&region->lock);
    }
}

void operation_end_walk(void *argument)
{
    Operation *operation = argument;

    if (operation->locked) {
        lock_end_walk(&operation->region->lock);
    }
    operation_end_look(operation);
}

bool operation_mend(Operation *operation, HeapResult result)
{
    if (result == HEAP_DAMAGED) {
        operation_recover(operation);
        return true;
    }
    return result == HEAP_CLOSED && opening_reach(operation->region, operation->heap->wanted);
}

static HeapResult try(Heap *heap, Take take, Pos *block)
{
    return take.alignment == 0 ? heap_take(heap, take.units, block)
                               : heap_take_aligned(heap, take.alignment, take.units, block);
}

Pos operation_take(Operation *operation, Take take)
{
    Pos block = 0;
    HeapResult result = try(operation->heap, take, &block);

    for (int i = 0; i < OPERATION_TRIES && operation_mend(operation, result); i++) {
        result = try(operation->heap, take, &block);
    }
    return result == HEAP_OK ? block : 0;
}

void operation_give(Operation *operation, Pos block)
{
    /* The program may overwrite links at the same time. A block that cannot be given back stays in
     * use. */
    for (int tries = 0;
         tries < OPERATION_TRIES && heap_give(operation->heap, block) == HEAP_DAMAGED; tries++) {
        operation_recover(operation);
    }
}

void *operation_end_with_block(Operation *operation, Pos block)
{
    void *address = NULL;

    if (block != 0) {
        address = heap_address(operation->heap, block);
    } else {
        operation->region->failures++;
        errno = operation_error(operation, ENOMEM);
    }
    operation_end(operation);
    return address;
}
