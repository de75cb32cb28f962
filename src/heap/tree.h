/* SPDX-License-Identifier: MIT
 *
 * Large free blocks of similar size, by size: a binary trie for each bin of the index.
 *
 * A node at depth d holds a block whose size agrees with its path in the first d bits below those
 * that all sizes of the bin share, as in the tree bins of Doug Lea's malloc (version 2.8). Blocks
 * of equal size form a ring around one node of the trie. The bits of a size bound every walk. A
 * tree holds at least two blocks, except while it is being made: see bin.h.
 *
 * No node is ever allocated. Each large free block has a node at a place of its own, out of the
 * program's reach, which its position determines:
 *
 *   - Where large blocks have 512 units or more, some words of the map cover only the inside of
 *     such a block. The node begins with the first of these words, where the map has noted the
 *     size, and ends long before the last.
 *   - In smaller heaps large blocks are too short for that. The heap is divided into slots as long
 *     as the smallest large block. No two large free blocks start in the same slot, so each slot
 *     has a node. */
#ifndef MEM_SRC_TREE_H
#define MEM_SRC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/map.h"

/* Stands for no block: no block is at position 0. */
#define TREE_NONE 0

typedef struct TreeNode {
    Pos size;           /* units; coincides with the size noted in the map, if the node is there */
    Pos parent;         /* TREE_NONE at the root, TREE_RING off the trie */
    Pos child[2];       /* by the next bit of the size; TREE_NONE: none */
    Pos next, previous; /* positions in the ring of blocks of the same size */
} __attribute__((__may_alias__)) TreeNode;

#define TREE_RING UINT32_MAX

/* The place of nodes, and the bits of a size that are the path: the same for all trees of a
 * heap. */
typedef struct Tree {
    char *nodes;              /* address that the node of position 0 would have */
    unsigned char slot_shift; /* positions that differ only in this many low bits share a node */
    unsigned char node_bytes; /* bytes from one node to the next */
    unsigned char bin_shift;  /* sizes of a bin share this many bits below their highest one */
} Tree;

/* Returns the path of a size from the root: the bits that its bin leaves open, the most significant
 * first. */
static inline uint32_t tree_path(Tree tree, Pos size)
{
    return size << (32 - (unsigned)bits_highest(size) + tree.bin_shift);
}

static ALWAYS_INLINE TreeNode *tree_node(Tree tree, size_t block)
{
    return (TreeNode *)(void *)(tree.nodes + ((block >> tree.slot_shift) * tree.node_bytes));
}

/* Returns whether a position read from a node is in range: from first to end - 1. */
static inline bool tree_is_node(Pos block, Pos first, Pos end)
{
    return block >= first && block < end;
}

/* Makes a block the only one of a tree. Here and below, the caller has stored the block's size in
 * its node. */
void tree_plant(Tree tree, Pos block);

/* Adds a block, of the bin's sizes, to a tree that has others. */
void tree_add(Tree tree, Pos root, Pos block);

/* Removes a block that is not alone. */
void tree_drop(Tree tree, Pos *root, Pos block);

/* Returns the other block of a tree of two, or TREE_NONE if there are more. */
Pos tree_other(Tree tree, Pos root);

/* Returns the smallest block of at least `units` units, a size of this bin; or TREE_NONE. */
Pos tree_search(Tree tree, Pos root, Pos units);

/* Returns the smallest block. */
Pos tree_search_smallest(Tree tree, Pos root);

/* Returns the largest block. */
Pos tree_largest(Tree tree, Pos root);

/* Returns whether a block of this position and size is in the tree, with sound links. Valid
 * positions are from first to end - 1. */
bool tree_holds(Tree tree, Pos root, Pos block, Pos size, Pos first, Pos end);

/* Returns the number of blocks in the tree, or more than limit if its links do not end. */
size_t tree_count(Tree tree, Pos root, size_t limit, Pos first, Pos end);

#endif
