/* SPDX-License-Identifier: MIT
 *
 * The common case of allocating and freeing, written out for speed: units of 8 bytes, and only free
 * blocks that are in lists. Whatever is out of the common is left to heap.h, which can do all of
 * it.
 *
 * There are no calls in here, so that what it is inlined into needs no stack frame; all is
 * addressed from one pointer, that of the size classes; words of the map are read once for a block
 * and both of its neighbours; and few things are alive at a time, for the sake of machines with
 * few registers. */
#ifndef MEM_SRC_HEAP_FAST_H
#define MEM_SRC_HEAP_FAST_H

#include "bits.h"
#include "heap.h"
#include "list.h"

static inline Heap *fast_heap(Link *links)
{
    return (Heap *)(void *)links - 1;
}

/* The map at a fixed distance from the links: a position leads to a place, and a place to the word
 * of the position, or to one that many words after it. The constant comes last, where it costs
 * nothing. */
static inline char *fast_place(Link *links, size_t position)
{
    return (char *)links - position / MAP_WORD_BITS * sizeof(MapWord);
}

static inline MapWord *fast_word(char *place, ptrdiff_t after)
{
    return (MapWord *)(void *)(place - sizeof(Heap) - HEAP_OWNER_BYTES) - 1 - after;
}

static inline MapWord *fast_map(Link *links)
{
    return heap_map(fast_heap(links));
}

/* list_remove. Positions are wide here, and narrow only where they are stored or compared: that
 * saves conversions. */
static inline __attribute__((__always_inline__)) bool fast_remove(Link *links, size_t block,
                                                                  size_t size)
{
    size_t next = bits_widen(links[block].next);
    size_t previous = bits_widen(links[block].previous);

    if (UNLIKELY((Pos)next >= fast_heap(links)->end) ||
        UNLIKELY((Pos)previous >= fast_heap(links)->end) ||
        UNLIKELY(links[next].previous != (Pos)block) ||
        UNLIKELY(links[previous].next != (Pos)block)) {
        return false;
    }
    links[next].previous = (Pos)previous;
    links[previous].next = (Pos)next;
    if (next == previous) { /* the only one */
        list_unmark(fast_heap(links), (Pos)size);
    }
    return true;
}

/* list_insert. */
static inline __attribute__((__always_inline__)) void fast_insert(Link *links, size_t block,
                                                                  size_t size)
{
    size_t next = bits_widen(links[size].next);

    links[size].next = (Pos)block;
    links[next].previous = (Pos)block;
    links[block].next = (Pos)next;
    links[block].previous = (Pos)size;
    if (next == size) { /* it was empty */
        list_mark(fast_heap(links), (Pos)size);
    }
}

/* Units of a request, which is not for the fast way if they are fast_classes or more. 0 bytes wrap
 * round to more units than any heap has. */
static inline size_t fast_units(Link *links, size_t bytes)
{
    return ((bytes - 1) | fast_heap(links)->size_mask) / UNIT_BYTES + 1;
}

/* Takes the first block off the list of a size, which must hold one, and declares it in use. False
 * if links were overwritten: then heap_rebuild is to be called first of all. If the size is more
 * than the units wanted, fast_split is left to do. */
static inline __attribute__((__always_inline__)) bool fast_take(Link *links, size_t units,
                                                                size_t size, size_t *taken)
{
    Heap *heap = fast_heap(links);
    size_t block = bits_widen(links[size].next);
    size_t next = bits_widen(links[block].next);
    char *place;
    uint64_t free, used;

    if (UNLIKELY(next >= heap->fast_end) || UNLIKELY(links[block].previous != (Pos)size) ||
        UNLIKELY(links[next].previous != (Pos)block)) {
        return false;
    }
    links[size].next = (Pos)next;
    links[next].previous = (Pos)size;
    if (next == size) {
        list_unmark(heap, (Pos)size);
    }
    place = fast_place(links, block);
    free = fast_word(place, 0)->free & fast_word(place, 0)->starts;
    used = bits_clear(free, block);
    /* Links that were forged, not just overwritten, get here. */
    if (UNLIKELY(used == free)) { /* GCOVR_EXCL_BR_LINE */
        return false;
    }
    fast_word(place, 0)->free = used;
    *taken = block;
    heap->taken++;
    heap->free_blocks--;
    heap->in_use += (Pos)units;
    if (UNLIKELY(heap->in_use > heap->peak)) {
        heap->peak = heap->in_use;
    }
    return true;
}

/* Cuts off and puts back what a block that was taken has beyond the units wanted. */
static inline void fast_split(Link *links, size_t block, size_t units, size_t size)
{
    size_t rest = block + units;
    char *place = fast_place(links, rest);

    fast_word(place, 0)->starts |= bits_mask(rest);
    fast_word(place, 0)->free |= bits_mask(rest);
    if (size > MAP_WORD_BITS) {
        map_put_size(fast_map(links), (Pos)block, (Pos)units);
        map_put_size(fast_map(links), (Pos)rest, (Pos)(size - units));
    }
    fast_insert(links, rest, size - units);
    fast_heap(links)->free_blocks++;
}

/* Finds the position of the block in use that starts at a pointer. */
static inline __attribute__((__always_inline__)) bool fast_block(Link *links, const void *pointer,
                                                                 size_t *block)
{
    /* One comparison for what is outside and what is not aligned: those bits come out on top. */
    size_t start = bits_rotate_right((size_t)((uintptr_t)pointer - (uintptr_t)links), UNIT_SHIFT);
    char *place;

    *block = start;
    if (UNLIKELY(start >= fast_heap(links)->fast_end)) {
        return false;
    }
    place = fast_place(links, start);
    return LIKELY(bits_test(fast_word(place, 0)->starts & ~fast_word(place, 0)->free, start));
}

/* Gives back a block. If it has no free neighbour, as most have not, that is done. Otherwise it
 * only no longer counts as in use, and false is returned: its units are still to be merged. */
static inline __attribute__((__always_inline__)) bool fast_give(Link *links, size_t start,
                                                                size_t *units)
{
    Heap *heap = fast_heap(links);
    char *place = fast_place(links, start);
    uint64_t after, before;
    size_t run;

    heap->given++;
    after = bits_window(fast_word(place, 0)->starts, fast_word(place, 1)->starts, start) &
            ~UINT64_C(1);
    if (LIKELY(after != 0)) {
        run = bits_lowest(after);
        *units = run;
        heap->in_use -= (Pos)run;
        if (UNLIKELY(bits_test(
                bits_window(fast_word(place, 0)->free, fast_word(place, 1)->free, start), run))) {
            return false;
        }
    } else {
        run = fast_word(place, 1)->starts != 0 /* as map_size_far */
                  ? (start | (MAP_WORD_BITS - 1)) + 1 - start +
                        bits_lowest(fast_word(place, 1)->starts)
                  : (size_t)fast_word(place, 1)->free;
        *units = run;
        heap->in_use -= (Pos)run;
        if (UNLIKELY(map_is_free(fast_map(links), start + run)) ||
            UNLIKELY(run >= heap->fast_classes)) {
            return false;
        }
    }
    before = bits_window(fast_word(place, -1)->starts, fast_word(place, 0)->starts, start);
    if (LIKELY(before != 0)) {
        if (UNLIKELY(
                bits_test(bits_window(fast_word(place, -1)->free, fast_word(place, 0)->free, start),
                          bits_highest(before)))) {
            return false;
        }
    } else if ((Pos)start != heap->first) {
        if (fast_word(place, -1)->starts != 0 /* as map_previous_far */
                ? bits_test(fast_word(place, -1)->free, bits_highest(fast_word(place, -1)->starts))
                : map_is_free(fast_map(links), start - (size_t)fast_word(place, -1)->free)) {
            return false;
        }
    }
    fast_word(place, 0)->free = bits_set(fast_word(place, 0)->free, bits_widen((Pos)start));
    heap->free_blocks++;
    fast_insert(links, start, run);
    return true;
}

#endif
