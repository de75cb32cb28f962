/* SPDX-License-Identifier: MIT
 *
 * Free lists: small free blocks by size, one part of the index. Each size has a doubly linked list.
 * Its head is a link itself, so no link is a special case.
 *
 * The program cannot reach the heads, but it can reach the links in free blocks: a write to freed
 * memory overwrites them. So a link read from a free block is verified before anything is written
 * through it or into a head: the map confirms that a free block of the list's size starts at the
 * target, and the target's link points back. Hence a head always names such a block, or itself:
 * each block was confirmed when the head was set, and leaves the head when it leaves the list.
 *
 * `shift` is an argument so that it can be a compile-time constant. */
#ifndef MEM_SRC_LIST_H
#define MEM_SRC_LIST_H

#include "base/bits.h"
#include "heap/heap-data.h"

/* Appends a free block to the list of its size; blocks are taken from the front. Returns whether
 * the list was empty. */
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

/* Returns whether both neighbours of a free block in its list point back to it. Its links must lead
 * to links. */
static inline bool list_links_hold(Heap *heap, Pos block, unsigned shift)
{
    const Link *link = heap_link(heap, block, shift);

    return heap_link(heap, link->next, shift)->previous == block &&
           heap_link(heap, link->previous, shift)->next == block;
}

/* Returns whether a position read from a free block is a valid target: the head of the list, or a
 * block that the map confirms by its start, state and size. */
static ALWAYS_INLINE bool list_may_lead_to(Heap *heap, size_t position, size_t size)
{
    return (Pos)position == (Pos)size || heap_confirms(heap, position, size);
}

/* Removes a confirmed free block from the list of its size, and sets *empty if it was the last one.
 * Returns false if its links or those of its neighbours are wrong; nothing has changed then.
 *
 * What a head names must stay confirmed. So the head must name this block on one side if and only
 * if the block's link on the other side leads to the head. */
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
