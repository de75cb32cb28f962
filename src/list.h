/* SPDX-License-Identifier: MIT
 *
 * Small free blocks by size: the other part of the index. One doubly linked list for each size,
 * with a head that is a link itself, so that no link is ever a special case; and a bit array that
 * tells which lists hold blocks.
 *
 * The heads lie out of the program's reach, but the links of free blocks do not: a program that
 * writes to memory it has freed overwrites them. So nothing that was read from a free block is
 * followed before it is known that the link leads into the heap and that its target points back.
 *
 * The shift is passed as an argument so that it can be a constant where it is one. */
#ifndef MEM_SRC_LIST_H
#define MEM_SRC_LIST_H

#include "bits.h"
#include "heap.h"

static inline void list_mark(Heap *heap, Pos size)
{
    heap->words[size / MAP_WORD_BITS] |= bits_mask(size);
    heap->summary |= bits_mask(size / MAP_WORD_BITS);
}

static inline void list_unmark(Heap *heap, Pos size)
{
    uint64_t word = bits_clear(heap->words[size / MAP_WORD_BITS], size);

    heap->words[size / MAP_WORD_BITS] = word;
    if (word == 0) {
        heap->summary = bits_clear(heap->summary, size / MAP_WORD_BITS);
    }
}

/* Puts a free block in front of the list of its size. */
static inline void list_insert(Heap *heap, Pos block, Pos size, unsigned shift)
{
    Link *head = heap_link(heap, size, shift);
    Link *link = heap_link(heap, block, shift);
    Pos next = head->next;

    link->next = next;
    link->previous = size;
    heap_link(heap, next, shift)->previous = block;
    head->next = block;
    if (next == size) { /* it was empty */
        list_mark(heap, size);
    }
}

/* Whether both neighbours of a free block in its list point back to it. */
static inline bool list_links_hold(Heap *heap, Pos block, unsigned shift)
{
    const Link *link = heap_link(heap, block, shift);

    return link->next < heap->end && link->previous < heap->end &&
           heap_link(heap, link->next, shift)->previous == block &&
           heap_link(heap, link->previous, shift)->next == block;
}

/* Takes a free block out of the list of its size. False if its links, or those of its neighbours in
 * the list, are not what they must be: then nothing was changed. */
static inline bool list_remove(Heap *heap, Pos block, Pos size, unsigned shift)
{
    const Link *link = heap_link(heap, block, shift);
    Pos next = link->next;
    Pos previous = link->previous;
    Link *next_link = heap_link(heap, next, shift);
    Link *previous_link = heap_link(heap, previous, shift);

    if (UNLIKELY(next >= heap->end) || UNLIKELY(previous >= heap->end) ||
        UNLIKELY(next_link->previous != block) || UNLIKELY(previous_link->next != block)) {
        return false;
    }
    if (next == previous) { /* the only one */
        /* Links that were forged, not just overwritten, get here. */
        if (UNLIKELY(next != size)) { /* GCOVR_EXCL_BR_LINE */
            return false;
        }
        list_unmark(heap, size);
    }
    next_link->previous = previous;
    previous_link->next = next;
    return true;
}

/* Sizes whose lists hold blocks, as bits: bit k stands for units + k. 0: none near. */
static inline uint64_t list_near(const Heap *heap, size_t units)
{
    return heap->words[units / MAP_WORD_BITS] >> (units % MAP_WORD_BITS);
}

/* The smallest size whose list holds blocks, in words behind one; 0 if there is none. */
static inline Pos list_best_beyond(const Heap *heap, Pos word)
{
    uint64_t summary = heap->summary & (~UINT64_C(1) << word);

    if (summary == 0) {
        return 0;
    }
    word = (Pos)bits_lowest(summary);
    return word * MAP_WORD_BITS + (Pos)bits_lowest(heap->words[word]);
}

/* The smallest size of at least so many units (fewer than `classes`) whose list holds blocks, or
 * 0. */
static inline Pos list_best(const Heap *heap, Pos units)
{
    uint64_t near = list_near(heap, units);

    return near != 0 ? units + (Pos)bits_lowest(near)
                     : list_best_beyond(heap, units / MAP_WORD_BITS);
}

#endif
