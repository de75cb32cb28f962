/* SPDX-License-Identifier: MIT
 *
 * The common cases where large free blocks are concerned, as heap-fast.h has those of small ones:
 * heaps with nodes in the map, and bins that hold one block, as most do. */
#ifndef MEM_SRC_HEAP_FAST_LARGE_H
#define MEM_SRC_HEAP_FAST_LARGE_H

#include "heap-fast.h"

/* Whether a heap has nodes in the map. */
static ALWAYS_INLINE bool fast_has_nodes(const Heap *heap)
{
    return heap->fast_classes >= SLOTS_BELOW;
}

/* map_put_size, for blocks that are likely to be long. */
static ALWAYS_INLINE void fast_put_size(Link *links, size_t block, size_t size)
{
    Map map = heap_map(fast_heap(links));
    size_t first = block / MAP_WORD_BITS + 1;
    size_t last = (block + size) / MAP_WORD_BITS - 1;

    if (first <= last) {
        map_note_size(map, first * MAP_WORD_BITS, (Pos)size);
        map_note_size(map, last * MAP_WORD_BITS, (Pos)size);
    }
}

/* index_best_large, with the bin that the block is in. 0: there is none, or it takes a search. */
static ALWAYS_INLINE size_t fast_best_large(Link *links, size_t units, size_t size_class,
                                            size_t *bin)
{
    Index index = index_usual(fast_heap(links));
    Pos root;

    *bin = size_class;
    if (index_is_marked(index.heap, size_class)) {
        root = *index_root(index, size_class);
        if (UNLIKELY(!tree_is_single(tree_node(index.tree, root), root))) {
            return 0;
        }
        if (tree_node(index.tree, root)->size >= units) {
            return root;
        }
        size_class++;
    }
    size_class = index_next(index.heap, size_class);
    if (UNLIKELY(size_class == 0)) {
        return 0;
    }
    *bin = size_class;
    root = *index_root(index, size_class);
    return LIKELY(tree_is_single(tree_node(index.tree, root), root)) ? root : 0;
}

/* Takes a block that is alone in its bin out of the index. */
static ALWAYS_INLINE void fast_uproot(Link *links, size_t bin)
{
    Index index = index_usual(fast_heap(links));

    *index_root(index, bin) = TREE_NONE;
    index_unmark_if(index.heap, bin, true);
}

/* Puts a large free block into the index. False: its bin is not empty. */
static ALWAYS_INLINE bool fast_plant(Link *links, size_t block, size_t size)
{
    Index index = index_usual(fast_heap(links));
    size_t bin = index_bin(index, size);
    Pos *root = index_root(index, bin);

    if (UNLIKELY(*root != TREE_NONE)) {
        return false;
    }
    tree_plant(index.tree, root, (Pos)block, (Pos)size);
    fast_mark(links, bin);
    return true;
}

/* Declares in the map, and in the counts, that the front of a large free block was taken. */
static ALWAYS_INLINE void fast_split_large(Link *links, size_t block, size_t units, size_t size)
{
    size_t rest = block + units;
    size_t touched = size - units < fast_heap(links)->fast_classes ? block + size : rest;

    map_clear_bit(heap_map(fast_heap(links)).free, block);
    map_clear_bit(heap_map(fast_heap(links)).free, rest - 1);
    fast_put_size(links, block, units);
    blocks_note_touched(fast_heap(links), (Pos)touched);
    blocks_count_use(fast_heap(links), units);
    fast_heap(links)->taken++;
    if (LIKELY(size != units)) {
        map_set_bit(heap_map(fast_heap(links)).starts, rest);
        map_set_bit(heap_map(fast_heap(links)).free, rest);
        fast_put_size(links, rest, size - units);
        fast_heap(links)->blocks++;
    }
}

#endif
