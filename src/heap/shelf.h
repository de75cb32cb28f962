/* SPDX-License-Identifier: MIT
 *
 * A shelf of the index: large free blocks of eight consecutive sizes. No operation searches.
 *
 * The head of a shelf tells which of the sizes have blocks, and names one block, the keeper. The
 * keeper's node holds the first block of each of these sizes. Blocks of the same size are linked.
 *
 *   head     keeper, sizes
 *   node     [ next, previous | first of each size ]     of the keeper
 *   node     [ next, previous |                    ]     of any other
 *
 * Nodes lie where those of trees do, but are longer. Only heaps with nodes in the map have shelves:
 * there the words of the smallest large block have room for a node. */
#ifndef MEM_SRC_SHELF_H
#define MEM_SRC_SHELF_H

#include <string.h>

#include "base/bits.h"
#include "heap/tree.h"

enum { SHELF_SHIFT = 3, SHELF_SIZES = 1 << SHELF_SHIFT };

/* keeper  TREE_NONE if the shelf is empty
 * sizes   bit k is set if there are blocks of the k-th size */
typedef struct Shelf {
    Pos keeper, sizes;
} __attribute__((__may_alias__)) Shelf;

typedef struct ShelfNode {
    Pos size;               /* units; the field coincides with the size noted in the map */
    Pos next, previous;     /* positions in the list of this size; TREE_NONE at the ends */
    Pos first[SHELF_SIZES]; /* in the keeper's node; valid for sizes that have blocks */
} __attribute__((__may_alias__)) ShelfNode;

static ALWAYS_INLINE ShelfNode *shelf_node(Tree tree, size_t block)
{
    return (ShelfNode *)(void *)tree_node(tree, block);
}

/* Adds a block before others of its size. The caller has stored the size in its node. Returns
 * whether the shelf was empty. */
static ALWAYS_INLINE bool shelf_insert(Tree tree, Shelf *shelf, size_t block, size_t size)
{
    ShelfNode *node = shelf_node(tree, block);
    size_t which = size % SHELF_SIZES;
    Pos *first;

    node->next = node->previous = TREE_NONE;
    if (shelf->sizes == 0) {
        shelf->keeper = (Pos)block;
        shelf->sizes = (Pos)bits_set(0, which);
        node->first[which] = (Pos)block;
        return true;
    }
    first = &shelf_node(tree, shelf->keeper)->first[which];
    if (bits_test(shelf->sizes, which)) {
        node->next = *first;
        shelf_node(tree, *first)->previous = (Pos)block;
    } else {
        shelf->sizes = (Pos)bits_set(shelf->sizes, which);
    }
    *first = (Pos)block;
    return false;
}

/* Makes another block the keeper. */
static ALWAYS_INLINE void shelf_hand_over(Tree tree, Shelf *shelf, size_t heir)
{
    memcpy(shelf_node(tree, heir)->first, shelf_node(tree, shelf->keeper)->first,
           sizeof shelf_node(tree, heir)->first);
    shelf->keeper = (Pos)heir;
}

/* Marks a size as absent after its last block has left. Returns whether the shelf is empty now. */
static ALWAYS_INLINE bool shelf_drop_size(Tree tree, Shelf *shelf, size_t block, size_t which)
{
    shelf->sizes = (Pos)bits_clear(shelf->sizes, which);
    if (shelf->sizes == 0) {
        shelf->keeper = TREE_NONE;
        return true;
    }
    if (shelf->keeper == block) {
        shelf_hand_over(tree, shelf, shelf_node(tree, block)->first[bits_lowest(shelf->sizes)]);
    }
    return false;
}

/* Removes a block. Returns whether the shelf is empty now. */
static ALWAYS_INLINE bool shelf_remove(Tree tree, Shelf *shelf, size_t block, size_t size)
{
    const ShelfNode *node = shelf_node(tree, block);
    size_t which = size % SHELF_SIZES;
    Pos next = node->next;
    Pos previous = node->previous;

    if (previous == TREE_NONE) {
        if (next == TREE_NONE) {
            return shelf_drop_size(tree, shelf, block, which);
        }
        shelf_node(tree, shelf->keeper)->first[which] = next;
    } else {
        shelf_node(tree, previous)->next = next;
    }
    if (next != TREE_NONE) {
        shelf_node(tree, next)->previous = previous;
    }
    if (shelf->keeper == block) {
        shelf_hand_over(tree, shelf, next == TREE_NONE ? previous : next);
    }
    return false;
}

/* Removes the first block of a present size. Returns whether the shelf is empty now. */
static ALWAYS_INLINE bool shelf_take(Tree tree, Shelf *shelf, size_t size, size_t *block)
{
    ShelfNode *keeper = shelf_node(tree, shelf->keeper);
    size_t which = size % SHELF_SIZES;
    size_t next;

    *block = bits_widen(keeper->first[which]);
    next = bits_widen(shelf_node(tree, *block)->next);
    if (next == TREE_NONE) {
        return shelf_drop_size(tree, shelf, *block, which);
    }
    keeper->first[which] = (Pos)next;
    shelf_node(tree, next)->previous = TREE_NONE;
    if (shelf->keeper == *block) {
        shelf_hand_over(tree, shelf, next);
    }
    return false;
}

/* Returns the smallest present size from `size` on, which is one of this shelf; or 0. */
static ALWAYS_INLINE size_t shelf_size_from(const Shelf *shelf, size_t size)
{
    size_t sizes = (size_t)shelf->sizes >> size % SHELF_SIZES;

    return sizes == 0 ? 0 : size + bits_lowest(sizes);
}

/* Returns the largest present size of a non-empty shelf, whose sizes start with `begin`. */
static inline size_t shelf_largest_size(const Shelf *shelf, size_t begin)
{
    return begin + bits_highest(shelf->sizes);
}

/* Returns the first block of a present size. */
static ALWAYS_INLINE Pos shelf_first(Tree tree, const Shelf *shelf, size_t size)
{
    return shelf_node(tree, shelf->keeper)->first[size % SHELF_SIZES];
}

/* Returns whether a block of this position and size is on the shelf, with sound links. Valid
 * positions are from first to end - 1. */
bool shelf_holds(Tree tree, const Shelf *shelf, Pos block, Pos size, Pos first, Pos end);

/* Returns the number of blocks on a shelf, or more than limit if its links do not end or lead
 * elsewhere. */
size_t shelf_count(Tree tree, const Shelf *shelf, size_t limit, Pos first, Pos end);

#endif
