/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include "bits.h"
#include "tree-node.h"

size_t tree_bytes(Pos units, unsigned slot_shift)
{
    size_t slots = ((size_t)units >> slot_shift) + 1;

    if (units >> slot_shift == 0) {
        return 0;
    }
    return roots_bytes(tree_bin(slot_shift, units) + 1) + (slots * sizeof(TreeNode) + 7) / 8 * 8;
}

void tree_init(Tree *tree, Pos origin, Pos units, unsigned slot_shift, ptrdiff_t offset)
{
    tree->bins = 0;
    tree->origin = origin;
    tree->slot_shift = slot_shift;
    tree->bin_count = units >> slot_shift == 0 ? 0 : tree_bin(slot_shift, units) + 1;
    tree->slot_count = (units >> slot_shift) + 1;
    tree->roots = offset;
    tree->nodes = offset + (ptrdiff_t)roots_bytes(tree->bin_count);
}

void tree_insert(Tree *tree, Pos start, Pos size)
{
    Slot slot = tree_slot(tree, start);
    TreeNode *node = tree_node(tree, slot);
    unsigned bin = tree_bin(tree->slot_shift, size);
    Slot at;

    *node = (TreeNode){start, size, {SLOT_NONE, SLOT_NONE}, SLOT_NONE, slot, slot};
    if (LIKELY(!bits_test(tree->bins, bin))) {
        tree->bins = bits_set(tree->bins, bin);
        tree_roots(tree)[bin] = slot;
        return;
    }
    at = tree_roots(tree)[bin];
    for (uint32_t path = tree_path(size);; path <<= 1) {
        TreeNode *parent = tree_node(tree, at);
        Slot *child = &parent->child[path >> 31];

        if (parent->size == size) {
            node->parent = SLOT_RING;
            node->next = parent->next;
            node->previous = at;
            tree_node(tree, parent->next)->previous = slot;
            parent->next = slot;
            return;
        }
        if (*child == SLOT_NONE) {
            *child = slot;
            node->parent = at;
            return;
        }
        at = *child;
    }
}

/* Where the trie refers to a node: its root, or one of its parent's children. */
static Slot *tree_link(Tree *tree, Slot slot)
{
    const TreeNode *node = tree_node(tree, slot);
    TreeNode *parent;

    if (node->parent == SLOT_NONE) {
        return &tree_roots(tree)[tree_bin(tree->slot_shift, node->size)];
    }
    parent = tree_node(tree, node->parent);
    return &parent->child[parent->child[1] == slot];
}

/* Takes a leaf below a node out of the trie and returns it; SLOT_NONE if the node is a leaf. */
static Slot detach_leaf(Tree *tree, const TreeNode *node)
{
    Slot leaf = leftmost_child(node);

    if (leaf == SLOT_NONE) {
        return SLOT_NONE;
    }
    for (;;) {
        Slot below = leftmost_child(tree_node(tree, leaf));

        if (below == SLOT_NONE) {
            *tree_link(tree, leaf) = SLOT_NONE;
            return leaf;
        }
        leaf = below;
    }
}

/* Whether a node is all that its bin holds, as most are. */
static bool is_alone(const TreeNode *node, Slot slot)
{
    return node->parent == SLOT_NONE && node->next == slot && leftmost_child(node) == SLOT_NONE;
}

void tree_remove(Tree *tree, Pos start)
{
    Slot slot = tree_slot(tree, start);
    const TreeNode *node = tree_node(tree, slot);
    Slot heir = node->next;
    Slot *link;

    if (LIKELY(is_alone(node, slot))) {
        tree->bins = bits_clear(tree->bins, tree_bin(tree->slot_shift, node->size));
        return;
    }

    tree_node(tree, node->next)->previous = node->previous;
    tree_node(tree, node->previous)->next = node->next;
    if (node->parent == SLOT_RING) {
        return;
    }
    link = tree_link(tree, slot);
    if (heir == slot) {
        heir = detach_leaf(tree, node);
    }
    *link = heir;
    if (heir != SLOT_NONE) {
        TreeNode *replacement = tree_node(tree, heir);

        replacement->parent = node->parent;
        for (int side = 0; side < 2; side++) {
            replacement->child[side] = node->child[side];
            if (node->child[side] != SLOT_NONE) {
                tree_node(tree, node->child[side])->parent = heir;
            }
        }
    } else if (node->parent == SLOT_NONE) {
        tree->bins &= ~(UINT64_C(1) << tree_bin(tree->slot_shift, node->size));
    }
}

void tree_trim(Tree *tree, Pos start, Pos units)
{
    Slot slot = tree_slot(tree, start);
    const TreeNode *node = tree_node(tree, slot);
    Pos size = node->size - units;
    unsigned bin = tree_bin(tree->slot_shift, node->size);

    /* The common case by far: one block is alone in its bin, and stays there. */
    if (is_alone(node, slot) && tree_bin(tree->slot_shift, size) == bin) {
        Slot moved = tree_slot(tree, start + units);

        *tree_node(tree, moved) = (TreeNode){start + units, size,  {SLOT_NONE, SLOT_NONE},
                                             SLOT_NONE,     moved, moved};
        tree_roots(tree)[bin] = moved;
        return;
    }
    tree_remove(tree, start);
    tree_insert(tree, start + units, size);
}

/* The smallest block of the trie below a node, itself included. */
static Slot smallest_below(Tree *tree, Slot at)
{
    Slot best = at;
    Pos size = tree_node(tree, at)->size;

    while ((at = leftmost_child(tree_node(tree, at))) != SLOT_NONE) {
        if (tree_node(tree, at)->size < size) {
            best = at;
            size = tree_node(tree, at)->size;
        }
    }
    return best;
}

/* The best fit among the blocks of the bin that a size belongs to, or SLOT_NONE. */
static Slot best_in_bin(Tree *tree, unsigned bin, Pos units)
{
    uint32_t path = tree_path(units);
    Slot at = tree_roots(tree)[bin];
    Slot best = SLOT_NONE;
    Slot larger = SLOT_NONE; /* the deepest subtree whose blocks are all larger than asked for */
    Pos excess = UINT32_MAX;

    while (at != SLOT_NONE) {
        const TreeNode *node = tree_node(tree, at);
        unsigned side = path >> 31;

        if (node->size >= units && node->size - units < excess) {
            best = at;
            excess = node->size - units;
            if (excess == 0) {
                return best;
            }
        }
        if (side == 0 && node->child[1] != SLOT_NONE) {
            larger = node->child[1];
        }
        at = node->child[side];
        path <<= 1;
    }
    if (larger != SLOT_NONE) {
        Slot candidate = smallest_below(tree, larger);

        if (tree_node(tree, candidate)->size - units < excess) {
            best = candidate;
        }
    }
    return best;
}

const TreeNode *tree_best(Tree *tree, Pos units)
{
    uint64_t bins = tree->bins;
    Slot best;

    if (units >> tree->slot_shift != 0) {
        unsigned bin = tree_bin(tree->slot_shift, units);

        if (bins >> bin & 1) {
            best = best_in_bin(tree, bin, units);
            if (best != SLOT_NONE) {
                return tree_node(tree, tree_node(tree, best)->next);
            }
        }
        bins &= ~UINT64_C(1) << bin; /* those above it */
    }
    if (bins == 0) {
        return NULL;
    }
    best = smallest_below(tree, tree_roots(tree)[bits_lowest(bins)]);
    return tree_node(tree, tree_node(tree, best)->next);
}

const TreeNode *tree_largest(Tree *tree)
{
    Slot at;
    const TreeNode *best;

    if (tree->bins == 0) {
        return NULL;
    }
    at = tree_roots(tree)[bits_highest(tree->bins)];
    best = tree_node(tree, at);
    while (at != SLOT_NONE) {
        const TreeNode *node = tree_node(tree, at);

        if (node->size > best->size) {
            best = node;
        }
        at = node->child[node->child[1] != SLOT_NONE];
    }
    return best;
}
