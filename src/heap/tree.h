/* SPDX-License-Identifier: MIT
 *
 * Large free blocks of similar size, by size: a binary trie for each bin of the index.
 *
 * A node at depth d holds a block whose size agrees with its path in the first d bits below those
 * that all sizes of the bin share, as in the tree bins of Doug Lea's malloc (version 2.8). Blocks
 * of equal size form a ring around one node of the trie. Every walk is bounded by the bits of a
 * size. A tree holds two blocks or more, but while it is being made: see bin.h.
 *
 * No node is ever allocated. A large free block has one at a place of its own, out of the program's
 * reach, that its position leads to:
 *
 *   - Where a large block has 512 units or more, there are words of the map that stand for nothing
 *     but its inside. The node begins with the first of these, in which the map has noted the size,
 *     and ends long before the last.
 *   - In smaller heaps, whose large blocks are too short for that, the heap is divided into slots
 *     as long as the smallest large block. No two large free blocks start in the same slot, so that
 *     each slot has a node. */
#ifndef MEM_SRC_TREE_H
#define MEM_SRC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/map.h"

/* Blocks are known by their positions. No block is at position 0. */
#define TREE_NONE 0

typedef struct TreeNode {
    Pos size;           /* where the map has it, if the node lies there */
    Pos parent;         /* TREE_NONE at the root, TREE_RING off the trie */
    Pos child[2];       /* by the next bit of the size; TREE_NONE where there is none */
    Pos next, previous; /* the ring of blocks of the same size */
} __attribute__((__may_alias__)) TreeNode;

#define TREE_RING UINT32_MAX

/* Where nodes are, and which bits of a size are the path: what all trees of a heap share. */
typedef struct Tree {
    char *nodes;              /* the node of position 0 would be here */
    unsigned char slot_shift; /* positions that differ only in so many low bits share a node … */
    unsigned char node_bytes; /* … and so many bytes further is the next */
    unsigned char bin_shift;  /* sizes of a bin share so many bits below their highest */
} Tree;

/* The bits of a size that its bin leaves open, the most significant first: the way from the root to
 * the size. */
static inline uint32_t tree_path(Tree tree, Pos size)
{
    return size << (32 - (unsigned)bits_highest(size) + tree.bin_shift);
}

static ALWAYS_INLINE TreeNode *tree_node(Tree tree, size_t block)
{
    return (TreeNode *)(void *)(tree.nodes + ((block >> tree.slot_shift) * tree.node_bytes));
}

/* Whether a position that was read from a node can be one of a block: not below first, and below end. */
static inline bool tree_is_node(Pos block, Pos first, Pos end)
{
    return block >= first && block < end;
}

/* Makes a block all that a tree holds. Its size is in its node, here and below. */
void tree_plant(Tree tree, Pos block);

/* Puts in a block, of the bin's sizes, where there are others. */
void tree_add(Tree tree, Pos root, Pos block);

/* Takes out a block that is not alone. */
void tree_drop(Tree tree, Pos *root, Pos block);

/* The other block of a tree that holds two, or TREE_NONE if it holds more. */
Pos tree_other(Tree tree, Pos root);

/* The smallest block of at least so many units, a size of this bin, or TREE_NONE. */
Pos tree_search(Tree tree, Pos root, Pos units);

/* The smallest block of all. */
Pos tree_search_smallest(Tree tree, Pos root);

/* The largest block. */
Pos tree_largest(Tree tree, Pos root);

/* Whether a block of this start and size is in the tree, and linked as it should be. Positions
 * below first, or from end on, are none. */
bool tree_holds(Tree tree, Pos root, Pos block, Pos size, Pos first, Pos end);

/* How many blocks are in the tree, or more than limit if its links go round in circles. */
size_t tree_count(Tree tree, Pos root, size_t limit, Pos first, Pos end);

#endif
