/* SPDX-License-Identifier: MIT
 *
 * The steps that all heap operations consist of: look at the neighbours, split, merge, and mark a
 * run of units as a block. */
#ifndef MEM_SRC_BLOCKS_H
#define MEM_SRC_BLOCKS_H

#include "heap/heap-data.h"
#include "heap/index.h"

/* Returns whether the block behind is free. The fence counts as a block in use. */
static inline bool blocks_next_is_free(Heap *heap, Pos block, Pos size)
{
    return map_is_free(heap_map(heap), (size_t)block + size);
}

static inline bool blocks_previous_is_free(Heap *heap, Pos block)
{
    return map_is_free(heap_map(heap), (size_t)block - 1);
}

/* Marks a run of units as a free block, in the map and in the index. */
static inline void blocks_make_free(Heap *heap, Pos block, Pos size)
{
    Map map = heap_map(heap);

    map_set_start(map, block);
    map_set_free(map, block, size);
    map_put_size(map, block, size);
    index_insert(index_of(heap), block, size);
}

/* Marks a run of units as a block in use. */
static inline void blocks_make_used(Heap *heap, Pos block, Pos size)
{
    Map map = heap_map(heap);

    map_set_start(map, block);
    map_set_used(map, block, size);
    map_put_size(map, block, size);
}

static inline void blocks_count_use(Heap *heap, size_t units)
{
    if (UNLIKELY(bits_subtract(&heap->headroom, units))) {
        heap->peak -= (Pos)heap->headroom; /* which has wrapped around: it is negative */
        heap->headroom = 0;
    }
}

/* Notes that units before `end` may have been written to. Only large free blocks can be clean: a
 * block in a list holds links. */
static inline void blocks_note_touched(Heap *heap, Pos end)
{
    if (end > heap->clean) {
        heap->clean = end;
    }
}

/* Returns whether memory is open up to `end`. If not, sets `wanted`. */
static ALWAYS_INLINE bool blocks_is_open(Heap *heap, size_t end)
{
    if (LIKELY(end <= heap->open)) {
        return true;
    }
    heap->wanted = (Pos)end;
    return false;
}

/* Splits a run of units that belongs to no block: the first units become a block in use, the rest a
 * free block.
 *
 *   [        run        ]   =>   [ in use: units ][  rest free  ]
 */
static inline void blocks_split(Heap *heap, Pos run, Pos run_size, Pos units)
{
    Pos rest = run_size - units;

    blocks_make_used(heap, run, units);
    blocks_note_touched(heap, run + (index_is_large(heap, rest) ? units : run_size));
    if (rest != 0) {
        blocks_make_free(heap, run + units, rest);
        heap->blocks++;
    }
}

/* Takes the front of the smallest large free block that suffices, in this size class or a later
 * one. The program cannot overwrite the node of a large block. */
static ALWAYS_INLINE HeapResult blocks_take_large(Index index, size_t units, size_t size_class,
                                                  Pos *block)
{
    Pos size;

    *block = index_best_large(index, units, size_class);
    if (UNLIKELY(*block == 0)) {
        return HEAP_FULL;
    }
    size = tree_node(index.tree, *block)->size;
    if (UNLIKELY(!heap_confirms(index.heap, *block, size))) {
        return HEAP_DAMAGED;
    }
    if (UNLIKELY(!blocks_is_open(index.heap, *block + units))) {
        return HEAP_CLOSED;
    }
    index_remove_large(index, *block, size);
    blocks_split(index.heap, *block, size, (Pos)units);
    blocks_count_use(index.heap, (Pos)units);
    index.heap->taken++;
    return HEAP_OK;
}

/* Merges a run with the block behind it if that is free. Returns false if its links were
 * overwritten; nothing changes then. */
static inline bool blocks_merge_next(Heap *heap, Pos run, Pos *run_size)
{
    Pos next = run + *run_size;
    Pos next_size;

    if (!blocks_next_is_free(heap, run, *run_size)) {
        return true;
    }
    next_size = map_size(heap_map(heap), next);
    if (!index_remove(index_of(heap), next, next_size)) {
        return false;
    }
    map_clear_start(heap_map(heap), next);
    heap->blocks--;
    *run_size += next_size;
    return true;
}

#endif
