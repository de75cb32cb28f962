/* SPDX-License-Identifier: MIT
 *
 * The parts of a tree: roots, nodes, and the path that a size takes. For the tree itself only. */
#ifndef MEM_SRC_TREE_NODE_H
#define MEM_SRC_TREE_NODE_H

#include "bits.h"
#include "tree.h"

static inline Slot *tree_roots(Tree *tree)
{
    return (Slot *)(void *)((char *)tree + tree->roots);
}

/* Roots are rounded up to an even number, so nodes follow at a multiple of 8 bytes. */
static inline size_t roots_bytes(unsigned bin_count)
{
    return (bin_count + 1) / 2 * 2 * sizeof(Slot);
}

static inline TreeNode *tree_node(Tree *tree, Slot slot)
{
    return (TreeNode *)(void *)((char *)tree + tree->nodes) + slot;
}

static inline Slot tree_slot(const Tree *tree, Pos start)
{
    return (start - tree->origin) >> tree->slot_shift;
}

/* Two bins an octave, from the octave of the smallest large block on. */
static inline unsigned tree_bin(unsigned slot_shift, Pos size)
{
    unsigned octave = (unsigned)bits_highest(size);

    return 2 * (octave - slot_shift) + (size >> (octave - 1) & 1);
}

/* The bits of a size that its bin leaves open, the most significant first. */
static inline uint32_t tree_path(Pos size)
{
    unsigned octave = (unsigned)bits_highest(size);

    return size << (33 - octave);
}

static inline Slot leftmost_child(const TreeNode *node)
{
    return node->child[node->child[0] == SLOT_NONE];
}

#endif
