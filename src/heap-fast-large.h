/* SPDX-License-Identifier: MIT
 *
 * The common cases where large free blocks are concerned, as heap-fast.h has those of small ones:
 * heaps with nodes in the map, and bins without a tree. */
#ifndef MEM_SRC_HEAP_FAST_LARGE_H
#define MEM_SRC_HEAP_FAST_LARGE_H

#include "heap-fast.h"

/* Whether a heap has nodes in the map. */
static ALWAYS_INLINE bool fast_has_nodes(const Heap *heap)
{
    return heap->fast_classes >= SLOTS_BELOW;
}

static ALWAYS_INLINE Bin *fast_bin(Link *links, size_t number)
{
    return (Bin *)(void *)&links[number];
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

/* The size of a large free block. */
static ALWAYS_INLINE size_t fast_size(Link *links, size_t block)
{
    return tree_node(index_usual(fast_heap(links)).tree, block)->size;
}

/* map_put_size, of a large block: its node, the first note, has the size from that. */
static ALWAYS_INLINE void fast_put_size(Map map, size_t block, size_t size)
{
    Pos note = (Pos)size;

    memcpy(map_word(map.free, block) + MAP_WORD_BYTES, &note, sizeof note);
    memcpy(map_word(map.free, block + size) - MAP_WORD_BYTES, &note, sizeof note);
}

/* Takes a large free block out of the index, where it is not in a tree. */
static ALWAYS_INLINE void fast_pull(Link *links, size_t block, size_t bin)
{
    if (bin_pull(fast_bin(links, bin), (Pos)block)) {
        fast_unmark_large(links, bin);
    }
}

/* Puts a large free block into the index. False: that takes a tree. */
static ALWAYS_INLINE bool fast_push(Link *links, size_t block, size_t size)
{
    size_t bin = index_bin(index_usual(fast_heap(links)), size);

    if (UNLIKELY(bin_is_full(fast_bin(links, bin)))) {
        return false;
    }
    bin_push(fast_bin(links, bin), (Pos)block);
    fast_mark_large(links, bin);
    return true;
}

/* Declares in the map, and in the counts, that the front of a large free block was taken. */
static ALWAYS_INLINE void fast_split_large(Link *links, size_t block, size_t units)
{
    map_clear_bit_at_once(heap_map(fast_heap(links)).free, block);
    map_clear_bit_at_once(heap_map(fast_heap(links)).free, block + units - 1);
    map_put_size(heap_map(fast_heap(links)), block, units);
    blocks_count_use(fast_heap(links), units);
    fast_heap(links)->taken++;
}

/* Declares in the map that what is left of it is a free block. */
static ALWAYS_INLINE void fast_start_rest(Link *links, size_t rest)
{
    map_set_bit_at_once(heap_map(fast_heap(links)).starts, rest);
    map_set_bit_at_once(heap_map(fast_heap(links)).free, rest);
    fast_heap(links)->blocks++;
}

#endif
