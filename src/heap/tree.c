/* SPDX-License-Identifier: MIT */
#include "heap/tree.h"

#include "base/bits.h"

static Pos leftmost_child(const TreeNode *node)
{
    return node->child[node->child[0] == TREE_NONE];
}

/* Makes a node a leaf below another. */
static void plant_below(Tree tree, Pos parent, Pos block)
{
    TreeNode *node = tree_node(tree, block);

    node->parent = parent;
    node->child[0] = node->child[1] = TREE_NONE;
    node->next = node->previous = block;
}

void tree_plant(Tree tree, Pos block)
{
    plant_below(tree, TREE_NONE, block);
}

void tree_add(Tree tree, Pos root, Pos block)
{
    TreeNode *node = tree_node(tree, block);
    Pos at = root;

    for (uint32_t path = tree_path(tree, node->size);; path <<= 1) {
        TreeNode *parent = tree_node(tree, at);
        Pos *child = &parent->child[path >> 31];

        if (parent->size == node->size) {
            node->parent = TREE_RING;
            node->child[0] = node->child[1] = TREE_NONE;
            node->next = parent->next;
            node->previous = at;
            tree_node(tree, parent->next)->previous = block;
            parent->next = block;
            return;
        }
        if (*child == TREE_NONE) {
            plant_below(tree, at, block);
            *child = block;
            return;
        }
        at = *child;
    }
}

/* Returns the link to a node: the root, or one of its parent's children. */
static Pos *link_to(Tree tree, Pos *root, Pos block)
{
    const TreeNode *node = tree_node(tree, block);
    TreeNode *parent;

    if (node->parent == TREE_NONE) {
        return root;
    }
    parent = tree_node(tree, node->parent);
    return &parent->child[parent->child[1] == block];
}

/* Removes a leaf below a node from the trie and returns it; TREE_NONE if the node is a leaf. */
static Pos detach_leaf(Tree tree, const TreeNode *node)
{
    Pos leaf = leftmost_child(node);

    if (leaf == TREE_NONE) {
        return TREE_NONE;
    }
    for (;;) {
        Pos below = leftmost_child(tree_node(tree, leaf));

        if (below == TREE_NONE) {
            TreeNode *parent = tree_node(tree, tree_node(tree, leaf)->parent);

            parent->child[parent->child[1] == leaf] = TREE_NONE;
            return leaf;
        }
        leaf = below;
    }
}

void tree_drop(Tree tree, Pos *root, Pos block)
{
    const TreeNode *node = tree_node(tree, block);
    Pos heir = node->next;
    Pos *link;

    tree_node(tree, node->next)->previous = node->previous;
    tree_node(tree, node->previous)->next = node->next;
    if (node->parent == TREE_RING) {
        return;
    }
    link = link_to(tree, root, block);
    if (heir == block) {
        heir = detach_leaf(tree, node);
    }
    *link = heir;
    if (heir != TREE_NONE) {
        TreeNode *replacement = tree_node(tree, heir);

        replacement->parent = node->parent;
        for (int side = 0; side < 2; side++) {
            replacement->child[side] = node->child[side];
            if (node->child[side] != TREE_NONE) {
                tree_node(tree, node->child[side])->parent = heir;
            }
        }
    }
}

Pos tree_other(Tree tree, Pos root)
{
    const TreeNode *node = tree_node(tree, root);
    Pos leaf = leftmost_child(node);
    const TreeNode *child;

    if (leaf == TREE_NONE) {
        return node->next == node->previous ? node->next : TREE_NONE;
    }
    child = tree_node(tree, leaf);
    return (node->child[0] ^ node->child[1]) == leaf && node->next == root &&
                   leftmost_child(child) == TREE_NONE && child->next == leaf
               ? leaf
               : TREE_NONE;
}

/* Returns the smallest block of the trie at and below a node. */
static Pos smallest_below(Tree tree, Pos at)
{
    Pos best = at;
    Pos size = tree_node(tree, at)->size;

    while ((at = leftmost_child(tree_node(tree, at))) != TREE_NONE) {
        if (tree_node(tree, at)->size < size) {
            best = at;
            size = tree_node(tree, at)->size;
        }
    }
    return best;
}

/* Returns some block of the ring of a node. The one behind the trie's takes fewer steps to
 * remove. */
static Pos any_of_ring(Tree tree, Pos block)
{
    return tree_node(tree, block)->next;
}

Pos tree_search_smallest(Tree tree, Pos root)
{
    return any_of_ring(tree, smallest_below(tree, root));
}

Pos tree_search(Tree tree, Pos root, Pos units)
{
    uint32_t path = tree_path(tree, units);
    Pos at = root;
    Pos best = TREE_NONE;
    Pos larger = TREE_NONE; /* the deepest subtree whose blocks are all larger than asked for */
    Pos excess = UINT32_MAX;

    while (at != TREE_NONE) {
        const TreeNode *node = tree_node(tree, at);
        unsigned side = path >> 31;

        if (node->size >= units && node->size - units < excess) {
            best = at;
            excess = node->size - units;
            if (excess == 0) {
                return any_of_ring(tree, best);
            }
        }
        if (side == 0 && node->child[1] != TREE_NONE) {
            larger = node->child[1];
        }
        at = node->child[side];
        path <<= 1;
    }
    if (larger != TREE_NONE) {
        Pos candidate = smallest_below(tree, larger);

        if (tree_node(tree, candidate)->size - units < excess) {
            best = candidate;
        }
    }
    return best == TREE_NONE ? TREE_NONE : any_of_ring(tree, best);
}

Pos tree_largest(Tree tree, Pos root)
{
    Pos at = root;
    Pos best = at;

    while (at != TREE_NONE) {
        const TreeNode *node = tree_node(tree, at);

        if (node->size > tree_node(tree, best)->size) {
            best = at;
        }
        at = node->child[node->child[1] != TREE_NONE];
    }
    return best;
}
