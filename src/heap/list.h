/* SPDX-License-Identifier: MIT
 *
 * Small free blocks by size: one part of the index. One doubly linked list for each size, with a
 * head that is a link itself, so that no link is ever a special case.
 *
 * The heads lie out of the program's reach, but the links of free blocks do not: a program that
 * writes to memory it has freed overwrites them. So nothing that was read from a free block is
 * written to, nor to a head, before the map has confirmed that a free block of the list's size starts
 * there, and its link points back. Hence what a head names is always such a block, or the head itself:
 * it was confirmed when it was put there, and leaves when the block does.
 *
 * The shift is passed as an argument so that it can be a constant where it is one. */
#ifndef MEM_SRC_LIST_H
#define MEM_SRC_LIST_H

#include "base/bits.h"
#include "heap/heap-data.h"

/* Puts a free block at the end of the list of its size: blocks are taken from the front. True if the list was empty. */
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

/* Whether a position, read from a link of a free block, is where such a link may lead: to the head of the
 * list, or to a block that the map confirms, by its start, its state and its size. */
static ALWAYS_INLINE bool list_may_lead_to(Heap *heap, size_t position, size_t size)
{
    return (Pos)position == (Pos)size || heap_confirms(heap, position, size);
}

/* Takes a free block, a confirmed one, out of the list of its size; *empty tells whether that was the last.
 * False if its links, or those of its neighbours in the list, are not what they must be: then nothing
 * was changed.
 *
 * What the head names must stay what the map confirms: it names this block, on either side, if the link on the other
 * side leads to the head, and only then. */
static ALWAYS_INLINE bool list_remove(Heap *heap, size_t block, size_t size, unsigned shift,
                                      bool *empty)
{
    size_t next = bits_widen(heap_link(heap, block, shift)->next);
    size_t previous;

    if (next == size) {
        if (UNLIKELY(heap_link(heap, size, shift)->previous != (Pos)block)) {
            return false;
        }
    } else if (UNLIKELY(heap_link(heap, size, shift)->previous == (Pos)block) ||
               UNLIKELY(!heap_confirms(heap, next, size)) ||
               UNLIKELY(heap_link(heap, next, shift)->previous != (Pos)block)) {
        return false;
    }
    previous = bits_widen(heap_link(heap, block, shift)->previous);
    if (previous == size) {
        if (UNLIKELY(heap_link(heap, size, shift)->next != (Pos)block)) {
            return false;
        }
    } else if (UNLIKELY(heap_link(heap, size, shift)->next == (Pos)block) ||
               UNLIKELY(!heap_confirms(heap, previous, size)) ||
               UNLIKELY(heap_link(heap, previous, shift)->next != (Pos)block)) {
        return false;
    }
    BITS_FORGET(next);
    BITS_FORGET(previous);
    heap_link(heap, next, shift)->previous = (Pos)previous;
    heap_link(heap, previous, shift)->next = (Pos)next;
    *empty = next == size && previous == size;
    return true;
}

#endif
