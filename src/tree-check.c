/* SPDX-License-Identifier: MIT
 *
 * Whether a tree is as it should be. */
#include "tree-node.h"
#include "tree.h"

/* Whether the trie node that stands for a size is in the trie, on the path of its size. */
static bool trie_reaches(Tree *tree, Slot slot, Pos size)
{
    unsigned bin = tree_bin(tree->slot_shift, size);
    uint32_t path = tree_path(size);
    Slot parent = SLOT_NONE;
    Slot at;

    if (bin >= tree->bin_count || (tree->bins >> bin & 1) == 0) {
        return false;
    }
    at = tree_roots(tree)[bin];
    for (int depth = 0; depth < 32 && at < tree->slot_count; depth++, path <<= 1) {
        if (tree_node(tree, at)->parent != parent) {
            return false;
        }
        if (at == slot) {
            return true;
        }
        parent = at;
        at = tree_node(tree, at)->child[path >> 31];
    }
    return false;
}

/* Whether the children of a node are nodes that know it. */
static bool children_hold(Tree *tree, Slot slot)
{
    for (int side = 0; side < 2; side++) {
        Slot child = tree_node(tree, slot)->child[side];

        if (child != SLOT_NONE &&
            (child >= tree->slot_count || tree_node(tree, child)->parent != slot)) {
            return false;
        }
    }
    return true;
}

bool tree_holds(Tree *tree, Pos start, Pos size)
{
    Slot slot = tree_slot(tree, start);
    Slot at = slot;
    const TreeNode *node;

    if (slot >= tree->slot_count || size >> tree->slot_shift == 0) {
        return false;
    }
    if (tree_node(tree, slot)->start != start) {
        return false;
    }
    /* Once round the ring, which has at most as many members as there are slots. */
    for (Slot steps = 0; steps <= tree->slot_count; steps++) {
        node = tree_node(tree, at);
        if (node->size != size || node->next >= tree->slot_count ||
            node->previous >= tree->slot_count || tree_node(tree, node->next)->previous != at ||
            tree_node(tree, node->previous)->next != at) {
            return false;
        }
        if (node->parent != SLOT_RING) {
            return children_hold(tree, at) && trie_reaches(tree, at, size);
        }
        at = node->next;
    }
    return false;
}

/* Counts the blocks below and in a node without recursion: down to a leaf, then up and across. */
static size_t count_below(Tree *tree, Slot root, size_t limit)
{
    size_t count = 0;
    Slot at = root;
    Slot from = SLOT_NONE;

    /* Each node is come to three times at most: from above, and from each child. */
    for (size_t steps = 0; at < tree->slot_count && count <= limit; steps++) {
        const TreeNode *node = tree_node(tree, at);
        Slot next;

        /* Only a tree damaged in just one way goes round in circles. */
        if (steps > 3 * (size_t)tree->slot_count) { /* GCOVR_EXCL_BR_LINE */
            return limit + 1;
        }
        if (from == node->parent || from == SLOT_NONE) { /* first visit */
            Slot ring = at;

            do {
                count++;
                ring = tree_node(tree, ring)->next;
            } while (ring != at && ring < tree->slot_count && count <= limit);
            next = leftmost_child(node);
        } else {
            next = from == node->child[0] ? node->child[1] : SLOT_NONE;
        }
        from = at;
        if (next != SLOT_NONE) {
            at = next;
        } else if (at == root) {
            break;
        } else {
            at = node->parent;
        }
    }
    return count;
}

size_t tree_count(Tree *tree, size_t limit)
{
    size_t count = 0;

    for (uint64_t bins = tree->bins; bins != 0 && count <= limit; bins &= bins - 1) {
        unsigned bin = (unsigned)bits_lowest(bins);

        if (bin >= tree->bin_count) {
            return limit + 1;
        }
        count += count_below(tree, tree_roots(tree)[bin], limit);
    }
    return count;
}
