/* SPDX-License-Identifier: MIT
 *
 * The short way: common cases of taking and giving back a block, written out for speed. It covers
 * heaps with units of the usual size, blocks in lists, and large blocks outside trees. heap.h does
 * everything else.
 *
 * There are no calls here, so a function that inlines this needs no stack frame. Everything is
 * addressed from one pointer, that of the heads. Few values are alive at a time, for processors
 * with few registers. Conditions that no processor can predict, such as whether a list holds one
 * block or more, are computed and not branched on. */
#ifndef MEM_SRC_HEAP_FAST_H
#define MEM_SRC_HEAP_FAST_H

#include "base/bits.h"
#include "heap/blocks.h"
#include "heap/heap.h"
#include "heap/index.h"

static inline Heap *fast_heap(Link *links)
{
    return (Heap *)(void *)links - 1;
}

/* Does what classes_mark does. */
static ALWAYS_INLINE void fast_mark(Link *links, size_t size_class)
{
    size_t at = size_class / MAP_WORD_BITS;
    uint64_t word = fast_heap(links)->words[at];

    if (UNLIKELY(word == 0)) {
        bits_set_in(&fast_heap(links)->summary, at);
    }
    BITS_FORGET(at);
    fast_heap(links)->words[at] = bits_set(word, size_class);
}

/* Does what list_insert does. Positions are size_t here and narrow only where they are stored or
 * compared, which saves conversions. */
static ALWAYS_INLINE void fast_insert(Link *links, size_t block, size_t size)
{
    size_t next = bits_widen(links[size].previous);

    BITS_FORGET(size);
    links[size].previous = (Pos)block;
    links[next].next = (Pos)block;
    links[block].previous = (Pos)next;
    BITS_FORGET(block);
    links[block].next = (Pos)size;
    fast_mark(links, size);
}

/* Removes a block from its list. Returns false if links were overwritten. */
static ALWAYS_INLINE bool fast_remove(Link *links, size_t block, size_t size)
{
    bool alone;

    if (UNLIKELY(!list_remove(fast_heap(links), block, size, UNIT_SHIFT, &alone))) {
        return false;
    }
    classes_unmark_if(fast_heap(links), size, alone);
    return true;
}

/* Returns the units of a request; fast_classes or more means that the short way does not serve it.
 * 0 bytes wrap around to more units than any heap has. */
static ALWAYS_INLINE size_t fast_units(Link *links, size_t bytes)
{
    return ((bytes - 1) | fast_heap(links)->size_mask) / UNIT_BYTES + 1;
}

/* Removes the first block from the list of a size, and marks its first unit as in use; the caller
 * goes on with fast_end_used or fast_split. Returns false if links were overwritten: nothing has
 * changed then, and the heap must be rebuilt. The map confirmed the head's first block when it
 * became the first. The next block is confirmed here, and that the head's last block is not the one
 * that leaves: see list.h. */
static ALWAYS_INLINE bool fast_take_first(Link *links, size_t size, size_t block)
{
    Heap *heap = fast_heap(links);
    size_t next = bits_widen(links[block].next);

    if (UNLIKELY(links[block].previous != (Pos)size) ||
        (next != size && (UNLIKELY(links[size].previous == (Pos)block) ||
                          UNLIKELY(!heap_confirms(heap, next, size)))) ||
        UNLIKELY(links[next].previous != (Pos)block)) {
        return false;
    }
    BITS_FORGET(block);
    if (UNLIKELY(!map_take_bit(heap_map(heap).free, block))) {
        return false;
    }
    BITS_FORGET(next);
    BITS_FORGET(size);
    links[size].next = (Pos)next;
    links[next].previous = (Pos)size;
    BITS_FORGET(block);
    heap->taken++;
    if (next == size) {
        classes_unmark_if(heap, size, true);
    }
    return true;
}

/* Marks the last unit of a block that was taken whole as in use. */
static ALWAYS_INLINE void fast_end_used(Link *links, size_t block, size_t size)
{
    map_clear_bit(heap_map(fast_heap(links)).free, block + size - 1);
}

/* Splits off what a taken block has beyond `units` units, and puts it back as a free block. */
static ALWAYS_INLINE void fast_split(Link *links, size_t block, size_t units, size_t size)
{
    size_t rest = block + units;

    map_set_bit(heap_map(fast_heap(links)).starts, rest);
    BITS_FORGET(rest);
    map_set_bit(heap_map(fast_heap(links)).free, rest);
    BITS_FORGET(rest);
    map_clear_bit(heap_map(fast_heap(links)).free, rest - 1);
    if (UNLIKELY(size > MAP_WORD_BITS)) {
        map_put_size(heap_map(fast_heap(links)), block, units);
        map_put_size(heap_map(fast_heap(links)), rest, size - units);
    }
    fast_insert(links, rest, size - units);
    fast_heap(links)->blocks++;
}

/* ------------------------------------------------------------------------------------------------
 * Large free blocks, in heaps with nodes in the map, shelves, and bins without a tree
 * --------------------------------------------------------------------------------------------- */

/* Returns whether the nodes of large blocks are in the map. */
static ALWAYS_INLINE bool fast_has_nodes(const Heap *heap)
{
    return heap->fast_classes >= SLOTS_BELOW;
}

/* Does what heap_confirms does, for a large block that the index offers. Its size is the one noted
 * in the map. */
static ALWAYS_INLINE bool fast_confirms_large(Link *links, size_t block, size_t size)
{
    Map map = heap_map(fast_heap(links));

    return map_test_bit_at_once(map.starts, block) && map_test_bit_at_once(map.free, block) &&
           map_test_bit_at_once(map.starts, block + size);
}

/* Marks the front of a large free block as taken, in the map and in the counts. */
static ALWAYS_INLINE void fast_split_large(Link *links, size_t block, size_t units)
{
    Map map = heap_map(fast_heap(links));

    map_clear_bit_at_once(map.free, block);
    map_clear_bit_at_once(map.free, block + units - 1);
    map_put_size(map, block, units);
    blocks_count_use(fast_heap(links), units);
    fast_heap(links)->taken++;
}

/* Marks the rest of that block as free in the map. */
static ALWAYS_INLINE void fast_start_rest(Link *links, Map map, size_t rest)
{
    map_set_bit_at_once(map.starts, rest);
    map_set_bit_at_once(map.free, rest);
    fast_heap(links)->blocks++;
}

/* ------------------------------------------------------------------------------------------------
 * Taking and giving
 * --------------------------------------------------------------------------------------------- */

/* Takes a block from the list of exactly `units` units. Returns its position; 0 means: call
 * fast_take_other. */
static ALWAYS_INLINE size_t fast_take_exact(Link *links, size_t units)
{
    size_t block;

    if (UNLIKELY(units >= fast_heap(links)->fast_classes)) {
        return 0;
    }
    block = bits_widen(links[units].next);
    if (UNLIKELY(block == units) || UNLIKELY(!fast_take_first(links, units, block))) {
        return 0;
    }
    fast_end_used(links, block, units);
    blocks_count_use(fast_heap(links), units);
    return block;
}

/* The tail call at the end of the short way: the heap is full or damaged, or the short way does not
 * serve so many units. */
typedef void *FastTakeFail(Link *links, size_t units);

/* Takes the front of a larger block. Returns its address, or the result of `fail`. */
void *fast_take_other(Link *links, size_t units, FastTakeFail *fail);

/* The result of fast_give_alone. Only with FAST_GIVEN has anything changed. */
typedef enum FastGiven {
    FAST_GIVEN,  /* freed; no neighbour is free */
    FAST_BEHIND, /* the block behind is free */
    FAST_BEFORE, /* the block before is free */
    FAST_BOTH,   /* both neighbours are free */
    FAST_LONG,   /* its end lies beyond the window */
    FAST_UNKNOWN /* perhaps not a block in use */
} FastGiven;

/* Converts a pointer to a position and back. A pointer outside of the heap, or not aligned to a
 * unit, becomes a position past the end: the rotation moves the low bits to the top, so one
 * comparison rejects both. */
static ALWAYS_INLINE size_t fast_position(const Link *links, const void *pointer)
{
    return bits_rotate_right((size_t)((uintptr_t)pointer - (uintptr_t)links), UNIT_SHIFT);
}

static ALWAYS_INLINE void *fast_pointer(Link *links, size_t position)
{
    return (void *)((uintptr_t)links + bits_rotate_left(position, UNIT_SHIFT));
}

/* Gives back the block that starts at a position, after checking that a block in use does. */
static ALWAYS_INLINE FastGiven fast_give_alone(Link *links, size_t start, size_t *size)
{
    Heap *heap = fast_heap(links);
    size_t shift = (start - 1) & 7;
    ptrdiff_t place = (ptrdiff_t)(start - 1) >> 3; /* -1 for position 0 */
    uint64_t starts, free, ends;
    Map map;

    if (UNLIKELY(start >= heap->fast_end)) {
        return FAST_UNKNOWN;
    }
    /* Bit 0 of a window is the last unit of the block before, bit 1 the first unit of this
     * block. */
    map = heap_map(heap);
    starts = map_load(map.starts + place) >> shift;
    free = map_load(map.free + place) >> shift;
    if (UNLIKELY((starts & 2) == 0)) {
        return FAST_UNKNOWN;
    }
    starts &= ~UINT64_C(3);
    if (UNLIKELY(starts == 0)) {
        *size = (size_t)free;
        return FAST_LONG;
    }
    *size = bits_lowest(starts); /* where the next block starts */
    ends = bits_set(0, *size);
    --*size;
    if (UNLIKELY((free & (ends + 3)) != 0)) {
        return UNLIKELY((free & 2) != 0)    ? FAST_UNKNOWN
               : (free & 1) == 0            ? FAST_BEHIND
               : LIKELY((free & ends) == 0) ? FAST_BEFORE
                                            : FAST_BOTH;
    }
    map_or(map.free + place, (ends >> 1 | 2) << shift);
    heap->given++;
    heap->headroom += *size;
    fast_insert(links, start, *size);
    return FAST_GIVEN;
}

/* The tail call at the end of the short way. HEAP_FULL: no block in use starts there, or the short
 * way does not serve it; nothing has changed. HEAP_DAMAGED: as for heap_give. */
typedef int FastGiveFail(Link *links, size_t start, HeapResult result);

/* Gives back a block that fast_give_alone has left, with that call's result and size. Returns 0, or
 * the result of `fail`. */
int fast_give_other(Link *links, size_t start, size_t run, FastGiven given, FastGiveFail *fail);

#endif
