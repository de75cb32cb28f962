/* SPDX-License-Identifier: MIT
 *
 * Realloc, and Size. */
#include <errno.h>
#include <string.h>

#include "cached.h"
#include "operations.h"

/* Gives back a block that was moved, unless somebody freed it meanwhile. */
static void give_moved(Operation *operation, const void *pointer)
{
    Pos block = operation_find(operation, pointer);

    if (block != 0) { /* GCOVR_EXCL_BR_LINE: that depends on the moment */
        operation_give(operation, block);
        operation->region->more_frees--;
    } else {
        operation_note_bad_pointer(operation, pointer); /* GCOVR_EXCL_LINE */
    }
}

/* Moves a block elsewhere. Returns 0 if there is no room; then the block is as it was. */
static Pos move(Operation *operation, Pos block, size_t units)
{
    Heap *heap = operation->heap;
    Pos moved = operation_take(operation, units);

    if (moved != 0) {
        size_t bytes = heap_bytes(heap, map_size(heap_map(heap), block));

        /* Not while the region is locked: both are the caller's. */
        operation_pause(operation, moved);
        memcpy(heap_address(heap, moved), heap_address(heap, block), bytes);
        operation_resume(operation);
        give_moved(operation, heap_address(heap, block));
        operation->region->more_allocs--;
    }
    return moved;
}

/* Gives a block another size where it is, or from the free block before it on. Returns where it is then,
 * or 0. */
static Pos resize_here(Operation *operation, Pos block, size_t units)
{
    Heap *heap = operation->heap;
    Pos moved = block;
    HeapResult result = heap_resize(heap, block, units);

    for (int i = 0; i < OPERATION_TRIES && operation_mend(operation, result); i++) {
        result = heap_resize(heap, block, units);
    }
    if (result == HEAP_FULL) {
        result = heap_resize_down(heap, block, units, &moved);
        for (int i = 0; i < OPERATION_TRIES && operation_mend(operation, result); i++) {
            result = heap_resize_down(heap, block, units, &moved);
        }
    }
    if (result != HEAP_OK) {
        return 0;
    }
    region_note_given(operation->region, block); /* until the operation ends with one */
    return moved;
}

/* Gives a block another size, wherever that is possible. Returns where it is then, or 0. */
static Pos resize(Operation *operation, Pos block, size_t units)
{
    Pos resized = resize_here(operation, block, units);

    if (resized == 0) {
        resized = move(operation, block, units);
    }
    /* For lack of memory all magazines were emptied: what is beside the block may be free by now. */
    if (resized == 0 && region_is_cached(operation->region)) {
        resized = resize_here(operation, block, units);
    }
    return resized;
}

void *Mem_RegionRealloc(Mem_Region *handle, void *pointer, size_t size)
{
    Region *region;
    Operation operation;
    size_t units;
    Pos block;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    units = heap_units(&region->heap, size);
    if (cached_peek(region, pointer) == units) {
        cached_count(region, (CacheCounts){.reallocs = 1});
        return pointer;
    }
    operation_begin(&operation, region);
    region->reallocs++;
    if (pointer == NULL) {
        block = operation_take(&operation, units);
        region->more_allocs -= block != 0;
        return operation_end_with_block(&operation, block);
    }
    block = operation_find(&operation, pointer);
    if (block == 0) {
        int error = operation_error(&operation, EINVAL);

        operation_note_bad_pointer(&operation, pointer);
        operation_end(&operation);
        errno = error;
        return NULL;
    }
    return operation_end_with_block(&operation, resize(&operation, block, units));
}

size_t Mem_RegionSize(Mem_Region *handle, const void *pointer)
{
    Region *region;
    Operation operation;
    size_t size;
    Pos block;
    int error;

    region = region_wanted(handle);
    if (region == NULL) {
        return 0;
    }
    size = cached_peek(region, pointer);
    if (size != 0) {
        return heap_bytes(&region->heap, size);
    }
    operation_begin(&operation, region);
    block = operation_find(&operation, pointer);
    if (block != 0) {
        size = heap_bytes(operation.heap, map_size(heap_map(operation.heap), block));
    }
    error = operation_error(&operation, EINVAL);
    operation_end(&operation);
    if (size == 0) {
        errno = error;
    }
    return size;
}
