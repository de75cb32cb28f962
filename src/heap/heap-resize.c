/* SPDX-License-Identifier: MIT
 *
 * Resizes blocks in place, and takes blocks at aligned addresses. */
#include "heap/blocks.h"
#include "heap/heap.h"
#include "heap/index.h"

/* Shrinks a block in place. The part cut off merges with a free block behind it.
 *
 *   [       in use       ][ next free ]   =>   [ in use ][      free      ]
 */
static HeapResult shrink(Heap *heap, Pos block, Pos size, Pos units)
{
    Pos rest = size - units;

    if (!blocks_merge_next(heap, block + units, &rest)) {
        return HEAP_DAMAGED;
    }
    blocks_make_used(heap, block, units);
    blocks_make_free(heap, block + units, rest);
    heap->blocks++;
    heap->headroom += size - units;
    return HEAP_OK;
}

HeapResult heap_resize(Heap *heap, Pos block, size_t units)
{
    Map map = heap_map(heap);
    Pos size = map_size(map, block);
    Pos merged = size;

    if (units == size) {
        return HEAP_OK;
    }
    if (UNLIKELY(heap->broken)) {
        return HEAP_FULL;
    }
    if (units < size) {
        return shrink(heap, block, size, (Pos)units);
    }
    if (!blocks_next_is_free(heap, block, size) ||
        size + (size_t)map_size(map, block + size) < units) {
        return HEAP_FULL;
    }
    if (!blocks_is_open(heap, block + units)) {
        return HEAP_CLOSED;
    }
    if (!blocks_merge_next(heap, block, &merged)) {
        return HEAP_DAMAGED;
    }
    blocks_split(heap, block, merged, (Pos)units);
    blocks_count_use(heap, (Pos)units - size);
    return HEAP_OK;
}

HeapResult heap_resize_down(Heap *heap, Pos block, size_t units, Pos *moved)
{
    Map map = heap_map(heap);
    Pos size = map_size(map, block);
    size_t merged = size;
    Pos run_size = size;

    if (!blocks_previous_is_free(heap, block) || UNLIKELY(heap->broken)) {
        return HEAP_FULL;
    }
    *moved = map_previous(map, block);
    if (blocks_next_is_free(heap, block, size)) {
        merged += map_size(map, block + size);
    }
    if (merged + (block - *moved) < units) {
        return HEAP_FULL;
    }
    if (!blocks_is_open(heap, *moved + units)) {
        return HEAP_CLOSED;
    }
    if (!index_remove(index_of(heap), *moved, block - *moved)) {
        return HEAP_DAMAGED;
    }
    if (!blocks_merge_next(heap, block, &run_size)) {
        index_insert(index_of(heap), *moved, block - *moved);
        return HEAP_DAMAGED;
    }
    unit_move_bytes(heap_address(heap, *moved), heap_address(heap, block), heap_bytes(heap, size));
    map_clear_start(map, block);
    heap->blocks--;
    blocks_split(heap, *moved, run_size + (block - *moved), (Pos)units);
    blocks_count_use(heap, (Pos)units - size);
    return HEAP_OK;
}

/* Returns the units from a position to the next address that is a multiple of alignment, counted
 * from an origin. */
static size_t units_to(Heap *heap, Pos position, uintptr_t origin, size_t alignment)
{
    uintptr_t address = (uintptr_t)heap_address(heap, position) - origin;

    return (-address & (alignment - 1)) >> heap->shift;
}

bool heap_could_take(Heap *heap, size_t alignment, size_t units)
{
    size_t all = heap->end - heap->first;
    size_t gap = alignment == 0 ? 0 : units_to(heap, heap->first, 0, alignment);

    return units <= all && gap <= all - units;
}

/* Finds a free block with room for `units` units at an aligned address: first among the best fits,
 * since one of them may lie right; else one that is larger by the alignment, which always suffices.
 * Returns its size, or 0. */
static Pos find_aligned(Heap *heap, uintptr_t origin, size_t alignment, size_t units, Pos *block)
{
    enum { TRIES = 8 };
    size_t wanted = units;
    Pos size;

    for (int tries = 0; tries < TRIES; tries++) {
        size = index_best(index_of(heap), wanted, block);
        if (size == 0) {
            return 0;
        }
        if (units_to(heap, *block, origin, alignment) + units <= size) {
            return size;
        }
        wanted = (size_t)size + 1;
    }
    return index_best(index_of(heap), units + ((alignment - 1) >> heap->shift), block);
}

static HeapResult take_aligned(Heap *heap, uintptr_t origin, size_t alignment, size_t units,
                               Pos *block)
{
    Pos gap, size, run;

    if (units > heap->end) {
        return HEAP_FULL; /* and so the sums above cannot overflow */
    }
    size = find_aligned(heap, origin, alignment, units, &run);
    if (size == 0) {
        return HEAP_FULL;
    }
    if (!heap_confirms(heap, run, size)) {
        return HEAP_DAMAGED;
    }
    gap = (Pos)units_to(heap, run, origin, alignment);
    if (!blocks_is_open(heap, run + gap + units)) {
        return HEAP_CLOSED;
    }
    if (!index_remove(index_of(heap), run, size)) {
        return HEAP_DAMAGED;
    }
    /*   [            run, free            ]   =>   [ gap free ][ in use: units ][ rest free ]   */
    blocks_split(heap, run + gap, size - gap, (Pos)units);
    if (gap != 0) {
        blocks_make_free(heap, run, gap);
        heap->blocks++;
    }
    *block = run + gap;
    blocks_count_use(heap, (Pos)units);
    heap->taken++;
    return HEAP_OK;
}

HeapResult heap_take_aligned(Heap *heap, size_t alignment, size_t units, Pos *block)
{
    return alignment <= heap->size_mask + 1 ? heap_take(heap, units, block)
                                            : take_aligned(heap, 0, alignment, units, block);
}

HeapResult heap_take_multiple(Heap *heap, size_t multiple, size_t units, Pos *block)
{
    return take_aligned(heap, (uintptr_t)heap_address(heap, 0), multiple << heap->shift, units,
                        block);
}
