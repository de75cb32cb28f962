/* SPDX-License-Identifier: MIT
 *
 * Small free blocks by size: one part of the index. One doubly linked list for each size, with a
 * head that is a link itself, so that no link is ever a special case.
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

/* Puts a free block in front of the list of its size. True if that was empty. */
static inline bool list_insert(Heap *heap, Pos block, Pos size, unsigned shift)
{
    Link *head = heap_link(heap, size, shift);
    Link *link = heap_link(heap, block, shift);
    Pos next = head->previous;

    link->previous = next;
    link->next = size;
    heap_link(heap, next, shift)->next = block;
    head->previous = block;
    return next == size;
}

/* Whether both neighbours of a free block in its list, which are links for sure, point back to it. */
static inline bool list_links_hold(Heap *heap, Pos block, unsigned shift)
{
    const Link *link = heap_link(heap, block, shift);

    return heap_link(heap, link->next, shift)->previous == block &&
           heap_link(heap, link->previous, shift)->next == block;
}

/* Takes a free block out of the list of its size; *empty tells whether that was the last. False if
 * its links, or those of its neighbours in the list, are not what they must be: then nothing was
 * changed. */
static inline bool list_remove(Heap *heap, Pos block, Pos size, unsigned shift, bool *empty)
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
    *empty = next == previous;
    /* Links that were forged, not just overwritten, get here. */
    if (*empty && UNLIKELY(next != size)) {
        return false;
    }
    next_link->previous = previous;
    previous_link->next = next;
    return true;
}

#endif
