/* SPDX-License-Identifier: MIT
 *
 * The common cases where large free blocks are concerned, as heap-fast.h has those of small ones:
 * heaps with nodes in the map, shelves, and bins without a tree. */
#ifndef MEM_SRC_HEAP_FAST_LARGE_H
#define MEM_SRC_HEAP_FAST_LARGE_H

#include "heap-fast.h"

/* Whether a heap has nodes in the map. */
static ALWAYS_INLINE bool fast_has_nodes(const Heap *heap)
{
    return heap->fast_classes >= SLOTS_BELOW;
}

/* index_mark and its opposite, in the fewest instructions: what is large is too rare to be worth
 * more of them for the sake of time. */
static ALWAYS_INLINE void fast_mark_large(Link *links, size_t size_class)
{
    Heap *heap = fast_heap(links);

    if (UNLIKELY(heap->words[size_class / MAP_WORD_BITS] == 0)) {
        bits_set_in(&heap->summary, size_class / MAP_WORD_BITS);
    }
    bits_set_in(heap->words, size_class);
}

static ALWAYS_INLINE void fast_unmark_large(Link *links, size_t size_class)
{
    Heap *heap = fast_heap(links);

    bits_clear_in(heap->words, size_class);
    if (UNLIKELY(heap->words[size_class / MAP_WORD_BITS] == 0)) {
        bits_clear_in(&heap->summary, size_class / MAP_WORD_BITS);
    }
}

/* map_put_size, of a large block: its node, the first note, has the size from that. */
static ALWAYS_INLINE void fast_put_size(Map map, size_t block, size_t size)
{
    Pos note = (Pos)size;

    memcpy(map_word(map.free, block) + MAP_WORD_BYTES, &note, sizeof note);
    memcpy(map_word(map.free, block + size) - MAP_WORD_BYTES, &note, sizeof note);
}

/* Takes a large free block out of the index. False: it is in a tree. */
static ALWAYS_INLINE bool fast_pull(Link *links, size_t block, size_t size)
{
    Index index = index_usual(fast_heap(links));
    size_t size_class;
    bool empty;

    if (index_is_shelved(index.heap, size)) {
        size_class = index_shelf(index, size);
        empty = shelf_remove(index.tree, index_shelf_at(index, size_class), block, size);
    } else {
        size_class = index_bin(index, size);
        if (UNLIKELY(bin_has_tree(index_bin_at(index, size_class)))) {
            return false;
        }
        empty = bin_pull(index_bin_at(index, size_class), (Pos)block);
    }
    if (empty) {
        fast_unmark_large(links, size_class);
    }
    return true;
}

/* Puts a large free block into the index. False: that takes a tree. */
static ALWAYS_INLINE bool fast_push(Link *links, size_t block, size_t size)
{
    Index index = index_usual(fast_heap(links));
    size_t size_class;

    if (index_is_shelved(index.heap, size)) {
        size_class = index_shelf(index, size);
        if (!shelf_insert(index.tree, index_shelf_at(index, size_class), block, size)) {
            return true;
        }
    } else {
        size_class = index_bin(index, size);
        if (UNLIKELY(bin_is_full(index_bin_at(index, size_class)))) {
            return false;
        }
        bin_push(index_bin_at(index, size_class), (Pos)block);
    }
    fast_mark_large(links, size_class);
    return true;
}

/* Declares in the map, and in the counts, that the front of a large free block was taken. */
static ALWAYS_INLINE void fast_split_large(Link *links, size_t block, size_t units)
{
    Map map = heap_map(fast_heap(links));

    map_clear_bit_at_once(map.free, block);
    map_clear_bit_at_once(map.free, block + units - 1);
    map_put_size(map, block, units);
    blocks_count_use(fast_heap(links), units);
    fast_heap(links)->taken++;
}

/* Declares in the map that what is left of it is a free block. */
static ALWAYS_INLINE void fast_start_rest(Link *links, Map map, size_t rest)
{
    map_set_bit_at_once(map.starts, rest);
    map_set_bit_at_once(map.free, rest);
    fast_heap(links)->blocks++;
}

#endif
