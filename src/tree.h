/* SPDX-License-Identifier: MIT
 *
 * Large free blocks by size: one part of the index.
 *
 * A block is large if it has at least as many units as the region has size classes of one unit
 * each, a power of two. Divide the heap into slots of that many units: then no two large free
 * blocks ever start in the same slot. So each slot has a node of its own, kept with the bookkeeping
 * out of the program's reach, and no node is ever allocated.
 *
 * Nodes form one binary trie for each half octave of sizes, after the tree bins of Doug Lea's
 * malloc (version 2.8): a node at depth d holds any block whose size agrees with its path in the
 * first d bits below the bin's. Blocks of equal size form a ring around one node of the trie. Every
 * walk is bounded by the bits of a size. */
#ifndef MEM_SRC_TREE_H
#define MEM_SRC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"

/* The number of a slot, and of the node of the large free block that starts in it. */
typedef uint32_t Slot;

#define SLOT_NONE UINT32_MAX

typedef struct TreeNode {
    Pos start;
    Pos size;
    Slot child[2];       /* by the next bit of the size; SLOT_NONE where there is none */
    Slot parent;         /* SLOT_NONE at a root, SLOT_RING off the trie */
    Slot next, previous; /* the ring of blocks of the same size */
} TreeNode;

#define SLOT_RING (UINT32_MAX - 1)

typedef struct Tree {
    uint64_t bins;       /* bit k is set if bin k holds blocks */
    Pos origin;          /* where slot 0 starts */
    unsigned slot_shift; /* a slot is 1 << slot_shift units; so is the smallest large block */
    unsigned bin_count;
    unsigned slot_count;
    ptrdiff_t roots; /* from this structure to the roots */
    ptrdiff_t nodes; /* and to the nodes behind them */
} Tree;

/* Bytes that the roots and nodes of a heap of this many units take. */
size_t tree_bytes(Pos units, unsigned slot_shift);

/* Prepares an empty tree whose roots and nodes lie offset bytes from it, 8-byte aligned. */
void tree_init(Tree *tree, Pos origin, Pos units, unsigned slot_shift, ptrdiff_t offset);

/* Takes all blocks out. */
static inline void tree_clear(Tree *tree)
{
    tree->bins = 0;
}

/* Puts in a free block, which must be large. */
void tree_insert(Tree *tree, Pos start, Pos size);

/* Takes out the block that starts at a position and is in the tree. */
void tree_remove(Tree *tree, Pos start);

/* Lets a block of the tree start later, and be that much shorter; it must remain large. */
void tree_trim(Tree *tree, Pos start, Pos units);

/* The smallest block of at least that many units, or NULL. Valid until the next change. */
const TreeNode *tree_best(Tree *tree, Pos units);

/* The largest block, or NULL. */
const TreeNode *tree_largest(Tree *tree);

/* Whether a block of this start and size is in the tree, and linked as it should be. */
bool tree_holds(Tree *tree, Pos start, Pos size);

/* How many blocks are in the tree, or limit + 1 if its links go round in circles. */
size_t tree_count(Tree *tree, size_t limit);

#endif
