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

/* heap_confirms, for a large block that the index offers, whose size is the one that the map has noted. */
static ALWAYS_INLINE bool fast_confirms_large(Link *links, size_t block, size_t size)
{
    Map map = heap_map(fast_heap(links));

    return map_test_bit_at_once(map.starts, block) && map_test_bit_at_once(map.free, block) &&
           map_test_bit_at_once(map.starts, block + size);
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
