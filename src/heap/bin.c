/* SPDX-License-Identifier: MIT */
#include "heap/bin.h"

void bin_add(Tree tree, Bin *bin, Pos block)
{
    if (!bin_has_tree(bin)) {
        tree_plant(tree, bin->first);
        tree_add(tree, bin->first, bin->second);
        bin->second = BIN_TREE;
    }
    tree_add(tree, bin->first, block);
}

void bin_drop(Tree tree, Bin *bin, Pos block)
{
    Pos other;

    tree_drop(tree, &bin->first, block);
    other = tree_other(tree, bin->first);
    if (other != TREE_NONE) {
        bin->second = other;
    }
}

Pos bin_largest(Tree tree, const Bin *bin)
{
    if (bin_has_tree(bin)) {
        return tree_largest(tree, bin->first);
    }
    return bin->second != TREE_NONE && bin_smaller(tree, bin) == bin->first ? bin->second
                                                                            : bin->first;
}

bool bin_holds(Tree tree, const Bin *bin, Pos block, Pos size, Pos first, Pos end)
{
    if (bin_has_tree(bin)) {
        return tree_holds(tree, bin->first, block, size, first, end);
    }
    return (bin->first == block || bin->second == block) && tree_node(tree, block)->size == size;
}

size_t bin_count(Tree tree, const Bin *bin, size_t limit, Pos first, Pos end)
{
    if (bin_has_tree(bin)) {
        return tree_count(tree, bin->first, limit, first, end);
    }
    return (size_t)(bin->first != TREE_NONE) + (bin->second != TREE_NONE);
}
