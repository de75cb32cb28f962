/* SPDX-License-Identifier: MIT
 *
 * Verifies a tree. Trusts only the place of nodes, which is known for positions from first to end -
 * 1. */
#include "heap/tree.h"

#include "base/bits.h"

/* The greatest depth of a tree. */
enum { DEPTH_MAX = 32 };

/* Returns whether a trie node is reached from the root on the path of its size. */
static bool trie_reaches(Tree tree, Pos root, Pos block, Pos first, Pos end)
{
    Pos size = tree_node(tree, block)->size;
    uint32_t path = tree_path(tree, size);
    Pos parent = TREE_NONE;
    Pos at = root;

    for (int depth = 0; depth < DEPTH_MAX && tree_is_node(at, first, end); depth++, path <<= 1) {
        if (tree_node(tree, at)->parent != parent) {
            return false;
        }
        if (at == block) {
            return true;
        }
        parent = at;
        at = tree_node(tree, at)->child[path >> 31];
    }
    return false;
}

/* Returns whether the children of a node are valid, and name it as their parent. */
static bool children_hold(Tree tree, Pos block, Pos first, Pos end)
{
    for (int side = 0; side < 2; side++) {
        Pos child = tree_node(tree, block)->child[side];

        if (child != TREE_NONE &&
            (!tree_is_node(child, first, end) || tree_node(tree, child)->parent != block)) {
            return false;
        }
    }
    return true;
}

bool tree_holds(Tree tree, Pos root, Pos block, Pos size, Pos first, Pos end)
{
    Pos at = block;

    /* Once around the ring. No more blocks of this size fit into the heap. */
    for (Pos steps = 0; steps <= (end - first) / size; steps++) {
        const TreeNode *node = tree_node(tree, at);

        if (node->size != size || !tree_is_node(node->next, first, end) ||
            !tree_is_node(node->previous, first, end) ||
            tree_node(tree, node->next)->previous != at ||
            tree_node(tree, node->previous)->next != at) {
            return false;
        }
        if (node->parent != TREE_RING) {
            return children_hold(tree, at, first, end) && trie_reaches(tree, root, at, first, end);
        }
        at = node->next;
    }
    return false;
}

/* Counts the blocks of the ring around a node. */
static size_t count_ring(Tree tree, Pos block, size_t limit, Pos first, Pos end)
{
    size_t count = 0;
    Pos at = block;

    do {
        count++;
        at = tree_node(tree, at)->next;
    } while (at != block && tree_is_node(at, first, end) && count <= limit);
    return count;
}

/* Counts without recursion: down to a leaf, then up and across. */
size_t tree_count(Tree tree, Pos root, size_t limit, Pos first, Pos end)
{
    size_t count = 0;
    Pos at = root;
    Pos from = TREE_NONE;

    /* Each node is visited at most three times: from above, and from each child. */
    for (size_t steps = 0; tree_is_node(at, first, end) && count <= limit; steps++) {
        const TreeNode *node = tree_node(tree, at);
        Pos next;

        /* Only one particular damage makes a tree circular. */
        if (steps > 3 * limit + 3) { /* GCOVR_EXCL_BR_LINE */
            return limit + 1;
        }
        if (from == node->parent || from == TREE_NONE) { /* first visit */
            count += count_ring(tree, at, limit, first, end);
            next = node->child[node->child[0] == TREE_NONE];
        } else {
            next = from == node->child[0] ? node->child[1] : TREE_NONE;
        }
        from = at;
        if (next != TREE_NONE) {
            at = next;
        } else if (at == root) {
            break;
        } else {
            at = node->parent;
        }
    }
    return count;
}
