/* SPDX-License-Identifier: MIT
 *
 * Take and give, the common cases of them written out for speed: units of the usual size, blocks in lists, and large ones
 * that no tree has to be searched for. Whatever is out of the common is left to heap.h, which can do all of it.
 *
 * There are no calls in here, so that what it is inlined into needs no stack frame; all is
 * addressed from one pointer, that of the heads; few things are alive at a time, for the sake of
 * machines with few registers; and what no processor could predict, such as whether a list holds
 * one block or more, is computed rather than branched on. */
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

/* classes_mark. */
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

/* list_insert. Positions are wide here, and narrow only where they are stored or compared: that
 * saves conversions. */
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

/* Takes a block out of its list. False if links were overwritten. */
static ALWAYS_INLINE bool fast_remove(Link *links, size_t block, size_t size)
{
    bool alone;

    if (UNLIKELY(!list_remove(fast_heap(links), block, size, UNIT_SHIFT, &alone))) {
        return false;
    }
    classes_unmark_if(fast_heap(links), size, alone);
    return true;
}

/* Units of a request, which is not for the fast way if they are fast_classes or more. 0 bytes wrap
 * round to more units than any heap has. */
static ALWAYS_INLINE size_t fast_units(Link *links, size_t bytes)
{
    return ((bytes - 1) | fast_heap(links)->size_mask) / UNIT_BYTES + 1;
}

/* Takes a block, the first, off the list of a size, and declares that its first unit is in use;
 * fast_end_used or fast_split is left to do. False if links were overwritten: then nothing was changed, and
 * the heap is to be rebuilt. The head names what the map has confirmed; what it is to name next is
 * confirmed here, and that its last is not the block that leaves: see list.h. */
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

/* The last unit of a block that was taken whole is in use, too. */
static ALWAYS_INLINE void fast_end_used(Link *links, size_t block, size_t size)
{
    map_clear_bit(heap_map(fast_heap(links)).free, block + size - 1);
}

/* Cuts off and puts back what a block that was taken has beyond the units wanted. */
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

/* ------------------------------------------------------------------------------------------------
 * Taking and giving
 * --------------------------------------------------------------------------------------------- */

/* Takes a block if a list has one of exactly so many units. 0: fast_take_other is to be asked. */
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

/* What is called last where the short way ends: the heap is full, or damaged, or has no short way for so many units. */
typedef void *FastTakeFail(Link *links, size_t units);

/* Takes the front of a larger block; or what `fail` returns. */
void *fast_take_other(Link *links, size_t units, FastTakeFail *fail);

/* What a pointer to a block, about to be freed, turned out to be. */
typedef enum FastGiven {
    FAST_GIVEN,  /* it was freed: it had no free neighbours */
    FAST_BEHIND, /* the block behind it is free; nothing was done, here and below */
    FAST_BEFORE, /* the block before it is free */
    FAST_BOTH,   /* both are */
    FAST_LONG,   /* its end is not in sight */
    FAST_UNKNOWN /* perhaps no block in use */
} FastGiven;

/* Where a pointer points to, as a position if that is below the end, or else anything from the end
 * on: one comparison for what is outside and what is not aligned, since those bits come out on top.
 * And back. */
static ALWAYS_INLINE size_t fast_position(const Link *links, const void *pointer)
{
    return bits_rotate_right((size_t)((uintptr_t)pointer - (uintptr_t)links), UNIT_SHIFT);
}

static ALWAYS_INLINE void *fast_pointer(Link *links, size_t position)
{
    return (void *)((uintptr_t)links + bits_rotate_left(position, UNIT_SHIFT));
}

/* Gives back the block in use that starts at a position, of which nothing is known. */
static ALWAYS_INLINE FastGiven fast_give_alone(Link *links, size_t start, size_t *size)
{
    Heap *heap = fast_heap(links);
    size_t shift = (start - 1) & 7;
    ptrdiff_t place = (ptrdiff_t)(start - 1) >> 3; /* of position 0, it is -1 */
    uint64_t starts, free, ends;
    Map map;

    if (UNLIKELY(start >= heap->fast_end)) {
        return FAST_UNKNOWN;
    }
    /* Bit 0 of a window is the last unit of the block before, bit 1 the first of this one. */
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
    *size = bits_lowest(starts); /* that is where the next block starts */
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

/* What is called last where the short way ends. HEAP_FULL: no block in use starts there, or there is no short way for
 * it, and nothing was done. HEAP_DAMAGED: as with heap_give. */
typedef int FastGiveFail(Link *links, size_t start, HeapResult result);

/* Gives back a block of so many units that fast_give_alone, which told them, does not. Returns 0, or what `fail`
 * returns. */
int fast_give_other(Link *links, size_t start, size_t run, FastGiven given, FastGiveFail *fail);

#endif
