/* SPDX-License-Identifier: MIT
 *
 * A bin of the index: large free blocks of similar size. Its head names one or two of them. Most
 * bins hold no more, so they have no links, and need no search. A bin of three or more is a
 * tree. */
#ifndef MEM_SRC_BIN_H
#define MEM_SRC_BIN_H

#include "base/bits.h"
#include "heap/tree.h"

/* first   TREE_NONE if the bin is empty
 * second  TREE_NONE if it holds one block; BIN_TREE if three or more, and first is the root */
typedef struct Bin {
    Pos first, second;
} __attribute__((__may_alias__)) Bin;

#define BIN_TREE UINT32_MAX

/* Returns whether the blocks of a bin are in a tree. */
static ALWAYS_INLINE bool bin_has_tree(const Bin *bin)
{
    return bin->second == BIN_TREE;
}

/* Returns whether a bin needs a tree to take another block. */
static ALWAYS_INLINE bool bin_is_full(const Bin *bin)
{
    return bin->second != TREE_NONE;
}

/* Adds a block to a bin that is not full. The caller has stored the block's size in its node. */
static ALWAYS_INLINE void bin_push(Bin *bin, Pos block)
{
    size_t other = bits_widen(bin->first);

    bin->first = block;
    bin->second = (Pos)other;
}

/* Removes a block from a bin of one or two. Returns whether the bin is empty now. */
static ALWAYS_INLINE bool bin_pull(Bin *bin, Pos block)
{
    Pos other = bin->first ^ bin->second ^ block;

    bin->first = other;
    bin->second = TREE_NONE;
    return other == TREE_NONE;
}

/* Returns the smaller block of a bin of one or two. */
static ALWAYS_INLINE Pos bin_smaller(Tree tree, const Bin *bin)
{
    return LIKELY(bin->second == TREE_NONE) ||
                   tree_node(tree, bin->first)->size <= tree_node(tree, bin->second)->size
               ? bin->first
               : bin->second;
}

/* Returns the smallest block of at least `units` units in a bin of one or two, or TREE_NONE. */
static ALWAYS_INLINE Pos bin_fit(Tree tree, const Bin *bin, Pos units)
{
    Pos size = tree_node(tree, bin->first)->size;

    if (LIKELY(bin->second == TREE_NONE) || tree_node(tree, bin->second)->size < units) {
        return size >= units ? bin->first : TREE_NONE;
    }
    return size >= units && size <= tree_node(tree, bin->second)->size ? bin->first : bin->second;
}

/* Adds a block to a bin that holds two or more. The caller has stored the block's size in its
 * node. */
void bin_add(Tree tree, Bin *bin, Pos block);

/* Removes a block from a bin that holds three or more. */
void bin_drop(Tree tree, Bin *bin, Pos block);

/* Returns the smallest block of at least `units` units, or TREE_NONE. The bin is that of `units`,
 * and not empty. */
static ALWAYS_INLINE Pos bin_best(Tree tree, const Bin *bin, Pos units)
{
    return UNLIKELY(bin_has_tree(bin)) ? tree_search(tree, bin->first, units)
                                       : bin_fit(tree, bin, units);
}

/* Returns the smallest block of a non-empty bin. */
static ALWAYS_INLINE Pos bin_smallest(Tree tree, const Bin *bin)
{
    return UNLIKELY(bin_has_tree(bin)) ? tree_search_smallest(tree, bin->first)
                                       : bin_smaller(tree, bin);
}

/* Returns the largest block of a non-empty bin. */
Pos bin_largest(Tree tree, const Bin *bin);

/* Returns whether a block of this position and size is in the bin, with sound links. Valid
 * positions are from first to end - 1. */
bool bin_holds(Tree tree, const Bin *bin, Pos block, Pos size, Pos first, Pos end);

/* Returns the number of blocks in a bin, or more than limit if its links do not end. */
size_t bin_count(Tree tree, const Bin *bin, size_t limit, Pos first, Pos end);

#endif
