/* SPDX-License-Identifier: MIT
 *
 * A bin of the index: large free blocks of similar size. Its head names one or two of them, and most
 * bins hold no more than that: then there are no links, and nothing to search. More are in a tree. */
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

/* Whether it takes a tree to hold the blocks of a bin. */
static ALWAYS_INLINE bool bin_has_tree(const Bin *bin)
{
    return bin->second == BIN_TREE;
}

/* Whether a bin can't take another block without a tree. */
static ALWAYS_INLINE bool bin_is_full(const Bin *bin)
{
    return bin->second != TREE_NONE;
}

/* Puts in a block, where two are no more than there is room for. Its size is in its node. */
static ALWAYS_INLINE void bin_push(Bin *bin, Pos block)
{
    size_t other = bits_widen(bin->first);

    bin->first = block;
    bin->second = (Pos)other;
}

/* Takes out a block, which is one of two at most. Returns whether it was alone. */
static ALWAYS_INLINE bool bin_pull(Bin *bin, Pos block)
{
    Pos other = bin->first ^ bin->second ^ block;

    bin->first = other;
    bin->second = TREE_NONE;
    return other == TREE_NONE;
}

/* Of one or two blocks, the smaller one. */
static ALWAYS_INLINE Pos bin_smaller(Tree tree, const Bin *bin)
{
    return LIKELY(bin->second == TREE_NONE) ||
                   tree_node(tree, bin->first)->size <= tree_node(tree, bin->second)->size
               ? bin->first
               : bin->second;
}

/* Of one or two blocks, the smaller one that has so many units, or TREE_NONE. */
static ALWAYS_INLINE Pos bin_fit(Tree tree, const Bin *bin, Pos units)
{
    Pos size = tree_node(tree, bin->first)->size;

    if (LIKELY(bin->second == TREE_NONE) || tree_node(tree, bin->second)->size < units) {
        return size >= units ? bin->first : TREE_NONE;
    }
    return size >= units && size <= tree_node(tree, bin->second)->size ? bin->first : bin->second;
}

/* Puts a block into a bin which holds two or more. Its size is in its node. */
void bin_add(Tree tree, Bin *bin, Pos block);

/* Takes a block out of a bin which holds three or more. */
void bin_drop(Tree tree, Bin *bin, Pos block);

/* The smallest block of at least so many units, a size of this bin, which is not empty; or
 * TREE_NONE. */
static ALWAYS_INLINE Pos bin_best(Tree tree, const Bin *bin, Pos units)
{
    return UNLIKELY(bin_has_tree(bin)) ? tree_search(tree, bin->first, units)
                                       : bin_fit(tree, bin, units);
}

/* The smallest block of a bin which is not empty. */
static ALWAYS_INLINE Pos bin_smallest(Tree tree, const Bin *bin)
{
    return UNLIKELY(bin_has_tree(bin)) ? tree_search_smallest(tree, bin->first)
                                       : bin_smaller(tree, bin);
}

/* The largest block of a bin which is not empty. */
Pos bin_largest(Tree tree, const Bin *bin);

/* Whether a block of this start and size is in the bin, and linked as it should be. Positions below
 * first, or from end on, are none. */
bool bin_holds(Tree tree, const Bin *bin, Pos block, Pos size, Pos first, Pos end);

/* How many blocks are in a bin, or more than limit if its links go round in circles. */
size_t bin_count(Tree tree, const Bin *bin, size_t limit, Pos first, Pos end);

#endif
