/* SPDX-License-Identifier: MIT
 *
 * What is done to blocks, on a region: take the lock, ask the heap, count, and tell the caller. */
#include "operations.h"

#include <errno.h>
#include <string.h>

#include "blocks.h"
#include "misuse.h"

/* One operation under way. A misuse is noted while the region is locked, and reported when it is no
 * more, so that a handler may use the region. */
typedef struct Operation {
    Region *region;
    Heap *heap;
    bool locked;
    bool misused;
    Mem_Misuse misuse;
} Operation;

static void begin(Operation *operation, Region *region)
{
    operation->region = region;
    operation->heap = &region->heap;
    operation->locked = region_lock(region);
    operation->misused = false;
}

static void end(Operation *operation)
{
    region_unlock(operation->region, operation->locked);
    if (operation->misused) {
        int saved = errno;

        misuse_report(&operation->misuse);
        errno = saved;
    }
}

static void note_misuse(Operation *operation, Mem_MisuseKind kind, const void *pointer)
{
    operation->region->misuses++;
    operation->misused = true;
    operation->misuse = (Mem_Misuse){
        .kind = kind, .pointer = pointer, .region = region_handle(operation->region)};
}

static void note_block(Operation *operation, Pos block)
{
    Heap *heap = operation->heap;

    operation->misuse.block = heap_address(heap, block);
    operation->misuse.block_size = heap_bytes(heap, map_size(heap_map(heap), block));
    operation->misuse.block_in_use = !map_is_free(heap_map(heap), block);
}

/* Finds out what is wrong with a pointer that is not the start of a block in use. Looking for the
 * block around it takes time in proportion to its size, so that is left out if nobody hears of
 * it. */
static void note_bad_pointer(Operation *operation, const void *pointer)
{
    Heap *heap = operation->heap;
    Pos position = heap_position(heap, pointer);
    Mem_MisuseKind kind = MEM_MISUSE_OUTSIDE;
    Pos block;

    note_misuse(operation, kind, pointer);
    if (position == 0 || !misuse_is_heard()) {
        return;
    }
    block = heap_block_around(heap, position);
    note_block(operation, block);
    if ((uintptr_t)pointer % operation->region->alignment != 0) {
        kind = MEM_MISUSE_UNALIGNED;
    } else if (operation->misuse.block_in_use) {
        kind = MEM_MISUSE_INSIDE;
    } else {
        kind = MEM_MISUSE_FREED;
    }
    operation->misuse.kind = kind;
}

/* A free block whose links were overwritten was met. Notes which one, and makes the index anew. */
static void recover(Operation *operation)
{
    Heap *heap = operation->heap;
    Pos block = heap_find_damaged(heap);

    note_misuse(operation, MEM_MISUSE_OVERWRITTEN, NULL);
    if (block != 0) {
        operation->misuse.pointer = heap_address(heap, block);
        note_block(operation, block);
    }
    heap_rebuild(heap);
}

/* Takes units from the heap; 0 if it is full. */
static Pos take(Operation *operation, size_t units)
{
    Pos block = 0;
    HeapResult result = heap_take(operation->heap, units, &block);

    if (result == HEAP_DAMAGED) {
        recover(operation);
        result = heap_take(operation->heap, units, &block);
    }
    return result == HEAP_OK ? block : 0;
}

static void give(Operation *operation, Pos block)
{
    if (heap_give(operation->heap, block) == HEAP_DAMAGED) {
        recover(operation);
        heap_give(operation->heap, block);
    }
}

/* Ends an operation that was to yield a block: its address, or NULL and ENOMEM. */
static void *end_with_block(Operation *operation, Pos block)
{
    void *address = NULL;

    if (block != 0) {
        address = heap_address(operation->heap, block);
    } else {
        operation->region->failures++;
        errno = ENOMEM;
    }
    end(operation);
    return address;
}

void *operation_alloc_units(Region *region, size_t units, bool damaged)
{
    Operation operation;
    Pos block;

    begin(&operation, region);
    if (damaged) {
        recover(&operation);
    }
    block = take(&operation, units);
    region->vain_allocs += block == 0;
    return end_with_block(&operation, block);
}

void *operation_alloc(Region *region, size_t size)
{
    return operation_alloc_units(region, heap_units(&region->heap, size), false);
}

int operation_free(Region *region, void *pointer)
{
    Operation operation;
    Pos block = 0;

    begin(&operation, region);
    if (pointer == NULL) {
        region->vain_frees++;
    } else if ((block = heap_block(operation.heap, pointer)) != 0) {
        give(&operation, block);
    } else {
        region->vain_frees++;
        note_bad_pointer(&operation, pointer);
    }
    end(&operation);
    if (pointer != NULL && block == 0) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

int operation_free_rest(Region *region, size_t start, size_t run)
{
    Operation operation;

    begin(&operation, region);
    if (heap_give_rest(operation.heap, (Pos)start, (Pos)run) == HEAP_DAMAGED) {
        recover(&operation);
        heap_give(operation.heap, (Pos)start);
    }
    end(&operation);
    return 0;
}

/* Clears a block that was just taken, up to what is clean since the region was mapped. touched:
 * from where on all was clean before it was taken. */
static void clear(Heap *heap, Pos block, size_t size, Pos touched)
{
    size_t dirty = size;

    if (touched <= block) {
        return;
    }
    if (heap_bytes(heap, touched - block) < dirty) {
        dirty = heap_bytes(heap, touched - block);
    }
    memset(heap_address(heap, block), 0, dirty);
}

void *Mem_RegionCalloc(Mem_Region *handle, size_t count, size_t size)
{
    Region *region;
    Operation operation;
    size_t bytes, units;
    Pos block = 0;
    Pos touched;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    begin(&operation, region);
    region->callocs++;
    touched = operation.heap->clean;
    if (!__builtin_mul_overflow(count, size, &bytes)) {
        units = heap_units(operation.heap, bytes);
        block = take(&operation, units);
        if (block != 0) {
            region->taken_otherwise++;
            /* Not while the region is locked: the block is the caller's already. */
            region_unlock(region, operation.locked);
            clear(operation.heap, block, heap_bytes(operation.heap, units), touched);
            operation.locked = region_lock(region);
        }
    }
    return end_with_block(&operation, block);
}

void *Mem_RegionAlignedAlloc(Mem_Region *handle, size_t alignment, size_t size)
{
    Region *region;
    Operation operation;
    HeapResult result;
    size_t units;
    Pos block = 0;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    begin(&operation, region);
    region->aligned_allocs++;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
        end(&operation);
        errno = EINVAL;
        return NULL;
    }
    units = heap_units(operation.heap, size);
    result = heap_take_aligned(operation.heap, alignment, units, &block);
    if (result == HEAP_DAMAGED) {
        recover(&operation);
        result = heap_take_aligned(operation.heap, alignment, units, &block);
    }
    region->taken_otherwise += result == HEAP_OK;
    return end_with_block(&operation, result == HEAP_OK ? block : 0);
}

/* Moves a block elsewhere. Returns 0 if there is no room; then the block is as it was. */
static Pos move(Operation *operation, Pos block, size_t units)
{
    Heap *heap = operation->heap;
    Pos moved = take(operation, units);

    if (moved != 0) {
        memcpy(heap_address(heap, moved), heap_address(heap, block),
               heap_bytes(heap, map_size(heap_map(heap), block)));
        give(operation, block);
        operation->region->taken_otherwise++;
        operation->region->given_otherwise++;
    }
    return moved;
}

/* Gives a block another size, wherever that is possible. Returns where it is then, or 0. */
static Pos resize(Operation *operation, Pos block, size_t units)
{
    Heap *heap = operation->heap;
    Pos moved = block;
    HeapResult result = heap_resize(heap, block, units);

    if (result == HEAP_DAMAGED) {
        recover(operation);
        result = heap_resize(heap, block, units);
    }
    if (result == HEAP_FULL) {
        result = heap_resize_down(heap, block, units, &moved);
        if (result == HEAP_DAMAGED) {
            recover(operation);
            result = heap_resize_down(heap, block, units, &moved);
        }
    }
    return result == HEAP_OK ? moved : move(operation, block, units);
}

void *Mem_RegionRealloc(Mem_Region *handle, void *pointer, size_t size)
{
    Region *region;
    Operation operation;
    Pos block;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    begin(&operation, region);
    region->reallocs++;
    if (pointer == NULL) {
        block = take(&operation, heap_units(operation.heap, size));
        region->taken_otherwise += block != 0;
        return end_with_block(&operation, block);
    }
    block = heap_block(operation.heap, pointer);
    if (block == 0) {
        note_bad_pointer(&operation, pointer);
        end(&operation);
        errno = EINVAL;
        return NULL;
    }
    return end_with_block(&operation, resize(&operation, block, heap_units(operation.heap, size)));
}

size_t Mem_RegionSize(Mem_Region *handle, const void *pointer)
{
    Region *region;
    size_t size = 0;
    bool locked;
    Pos block;

    region = region_wanted(handle);
    if (region == NULL) {
        return 0;
    }
    locked = region_lock(region);
    block = heap_block(&region->heap, pointer);
    if (block != 0) {
        size = heap_bytes(&region->heap, map_size(heap_map(&region->heap), block));
    }
    region_unlock(region, locked);
    if (size == 0) {
        errno = EINVAL;
    }
    return size;
}
