/* SPDX-License-Identifier: MIT
 *
 * Realloc and Size. */
#include <errno.h>

#include "region/caches.h"
#include "region/full.h"
#include "region/hook.h"

/* ------------------------------------------------------------------------------------------------
 * Blocks of the heap
 * --------------------------------------------------------------------------------------------- */

/* Gives back the old block after a move, unless another thread has freed it meanwhile. */
static void give_moved(Operation *operation, const void *pointer)
{
    Pos block = caches_find_block(operation, pointer);

    if (block != 0) { /* GCOVR_EXCL_BR_LINE: that depends on the moment */
        operation_give(operation, block);
        operation->region->more_frees--;
    } else {
        operation_note_bad_pointer(operation, pointer); /* GCOVR_EXCL_LINE */
    }
}

/* Moves a block elsewhere. Returns its new position; 0 if there is no room, and the block is as it
 * was. */
static Pos move(Operation *operation, Pos block, size_t units)
{
    Heap *heap = operation->heap;
    Pos moved = caches_take_block(operation, (Take){.units = units});

    if (moved != 0) {
        size_t bytes = heap_bytes(heap, map_size(heap_map(heap), block));

        /* Copies without the lock: both blocks are the caller's. */
        operation_pause(operation);
        unit_move_bytes(heap_address(heap, moved), heap_address(heap, block), bytes);
        operation_resume(operation);
        give_moved(operation, heap_address(heap, block));
        operation->region->more_allocs--;
    }
    return moved;
}

/* Resizes a block in place, or into the free block before it. Returns its position, or 0. */
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
    return result == HEAP_OK ? moved : 0;
}

/* Resizes a block, in place or elsewhere. Returns its position, or 0. */
static Pos resize(Operation *operation, Pos block, size_t units)
{
    Pos resized = resize_here(operation, block, units);

    if (resized == 0) {
        resized = move(operation, block, units);
    }
    /* Settling may have freed the memory beside the block. */
    if (resized == 0 && region_is_cached(operation->region)) {
        resized = resize_here(operation, block, units);
    }
    return resized;
}

static void *address_of(Operation *operation, Pos block)
{
    return block == 0 ? NULL : heap_address(operation->heap, block);
}

static void *realloc_in_heap(Region *region, void *pointer, HookCall call, Mem_Full *full)
{
    size_t units = heap_units(&region->heap, call.size);
    Operation operation;
    bool is_recorded;
    Pos block, resized;

    operation_begin(&operation, region);
    region->reallocs++;
    if (pointer == NULL) {
        block = full_take_block(&operation, (Take){.units = units});
        region->more_allocs -= block != 0;
        hook_alloc(region, call, address_of(&operation, block));
        return operation_end_with_block(&operation, block);
    }
    /* Each attempt is recorded: what the handler does lies between two of them. */
    do {
        block = caches_find_block(&operation, pointer);
        if (block == 0) {
            operation_end_with_bad_pointer(&operation, pointer);
            return NULL;
        }
        is_recorded = hook_move_from(region, &call, pointer);
        resized = resize(&operation, block, units);
        if (is_recorded) {
            hook_used->move_to(&call, address_of(&operation, resized));
        }
    } while (resized == 0 && full_ask(&operation, (Take){.units = units}, full));
    return operation_end_with_block(&operation, resized);
}

/* ------------------------------------------------------------------------------------------------
 * Blocks in spans of caches
 * --------------------------------------------------------------------------------------------- */

/* Returns a block of `units` units, or 0. */
static size_t take(Region *region, size_t units)
{
    size_t block = caches_alloc(region, caches_class(region, units, 1));
    Operation operation;

    if (block == 0) {
        operation_begin(&operation, region);
        block = caches_take_block(&operation, (Take){.units = units});
        operation_end(&operation);
    }
    return block;
}

/* Moves a block of a span to a new block; copies `bytes` bytes. */
static void *move_from_span(Region *region, void *pointer, size_t bytes, size_t block)
{
    int saved = errno;

    unit_move_bytes(heap_address(&region->heap, block), pointer, bytes);
    Mem_RegionFree(region_handle(region), pointer); /* reports it if it was freed meanwhile */
    caches_count(region, CACHES_MOVE);              /* after both, so that no count falls below 0 */
    errno = saved;
    return heap_address(&region->heap, block);
}

/* Resizes a block of a span, of `old` units. It stays if its class does, or if it shrinks and there
 * is no other block. Returns NULL if there is no room; the block is as it was. */
static void *realloc_in_span(Region *region, void *pointer, size_t old, size_t units)
{
    size_t size_class = caches_class(region, units, 1);
    size_t block = 0;

    if (size_class == 0 || sizes_units(size_class) != old) {
        block = take(region, units);
        if (block == 0 && units > old) {
            return NULL;
        }
    }
    if (block == 0) {
        caches_count(region, CACHES_REALLOC);
        return pointer;
    }
    return move_from_span(region, pointer, heap_bytes(&region->heap, units < old ? units : old),
                          block);
}

/* Asks the program whether to try a call again that found no room; `full` counts the tries. If not,
 * counts the call. */
static void *fail_realloc(Region *region, size_t units, Mem_Full *full, bool *again)
{
    Operation operation;

    operation_begin(&operation, region);
    *again = full_ask(&operation, (Take){.units = units}, full);
    if (*again) {
        operation_end(&operation);
        return NULL;
    }
    region->reallocs++;
    return operation_end_with_block(&operation, 0);
}

void *Mem_RegionRealloc(Mem_Region *handle, void *pointer, size_t size)
{
    Mem_Full full = {.asked = 0};
    HookCall call = {.size = size, .caller = __builtin_return_address(0)};
    Region *region;
    size_t old, units;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    units = heap_units(&region->heap, size);
    while (caches_find(region, pointer, &old) && old != 0) {
        void *resized = realloc_in_span(region, pointer, old, units);
        bool again;

        if (resized != NULL) {
            return resized;
        }
        if (!caches_find(region, pointer, &old)) {
            break; /* Settling has given the block to the heap, and may have freed the memory beside it. */
        }
        resized = fail_realloc(region, units, &full, &again);
        if (!again) {
            return resized;
        }
    }
    return realloc_in_heap(region, pointer, call, &full);
}

size_t Mem_RegionSize(Mem_Region *handle, const void *pointer)
{
    Region *region;
    Operation operation;
    size_t units = 0;
    int error = EINVAL;
    Pos block;

    region = region_wanted(handle);
    if (region == NULL) {
        return 0;
    }
    if (!caches_find(region, pointer, &units) || units == 0) {
        operation_begin(&operation, region);
        block = caches_find_block(&operation, pointer); /* perhaps it is the heap's by now */
        if (block != 0) {
            units = map_size(heap_map(operation.heap), block);
        }
        error = operation_error(&operation, EINVAL);
        operation_end(&operation);
    }
    if (units == 0) {
        errno = error;
    }
    return heap_bytes(&region->heap, units);
}
