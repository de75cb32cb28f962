/* SPDX-License-Identifier: MIT
 *
 * Verifies a shelf. Trusts no link. */
#include "heap/shelf.h"

bool shelf_holds(Tree tree, const Shelf *shelf, Pos block, Pos size, Pos first, Pos end)
{
    const ShelfNode *node = shelf_node(tree, block);

    if (!bits_test(shelf->sizes, size % SHELF_SIZES) || !tree_is_node(shelf->keeper, first, end) ||
        node->size != size) {
        return false;
    }
    if (node->next != TREE_NONE && (!tree_is_node(node->next, first, end) ||
                                    shelf_node(tree, node->next)->previous != block)) {
        return false;
    }
    if (node->previous == TREE_NONE) {
        return shelf_first(tree, shelf, size) == block;
    }
    return tree_is_node(node->previous, first, end) &&
           shelf_node(tree, node->previous)->next == block;
}

size_t shelf_count(Tree tree, const Shelf *shelf, size_t limit, Pos first, Pos end)
{
    bool has_keeper = false;
    size_t count = 0;

    if (shelf->sizes == 0 && shelf->keeper == TREE_NONE) {
        return 0;
    }
    if (!tree_is_node(shelf->keeper, first, end) || shelf->sizes >> SHELF_SIZES != 0) {
        return limit + 1;
    }
    for (size_t which = 0; which < SHELF_SIZES; which++) {
        Pos block;

        if (!bits_test(shelf->sizes, which)) {
            continue;
        }
        block = shelf_first(tree, shelf, which);
        do {
            if (!tree_is_node(block, first, end) || count > limit) {
                return limit + 1;
            }
            has_keeper |= block == shelf->keeper;
            count++;
            block = shelf_node(tree, block)->next;
        } while (block != TREE_NONE);
    }
    return has_keeper ? count : limit + 1;
}
