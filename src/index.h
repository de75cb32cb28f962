/* SPDX-License-Identifier: MIT
 *
 * The index: free blocks by size. Small ones are in lists, large ones in the tree; this is where
 * the two are told apart. */
#ifndef MEM_SRC_INDEX_H
#define MEM_SRC_INDEX_H

#include "heap.h"
#include "list.h"

static inline bool index_is_large(const Heap *heap, size_t size)
{
    return size >= heap->classes;
}

static inline void index_insert(Heap *heap, Pos block, Pos size)
{
    if (index_is_large(heap, size)) {
        tree_insert(&heap->tree, block, size);
    } else {
        list_insert(heap, block, size, heap->shift);
    }
    heap->free_blocks++;
}

/* False if the block's links were overwritten. */
static inline bool index_remove(Heap *heap, Pos block, Pos size)
{
    if (index_is_large(heap, size)) {
        tree_remove(&heap->tree, block);
    } else if (!list_remove(heap, block, size, heap->shift)) {
        return false;
    }
    heap->free_blocks--;
    return true;
}

/* Finds the smallest free block of at least so many units. Returns its size, or 0. */
static inline Pos index_best(Heap *heap, size_t units, Pos *block)
{
    const TreeNode *node;

    if (units > heap->end) {
        return 0;
    }
    if (!index_is_large(heap, units)) {
        Pos size = list_best(heap, (Pos)units);

        if (size != 0) {
            *block = heap_link(heap, size, heap->shift)->next;
            return size;
        }
    }
    node = tree_best(&heap->tree, (Pos)units);
    if (node == NULL) {
        return 0;
    }
    *block = node->start;
    return node->size;
}

/* Takes all blocks out. */
static inline void index_clear(Heap *heap)
{
    heap->free_blocks = 0;
    heap->summary = 0;
    for (Pos word = 0; word < heap->classes / MAP_WORD_BITS; word++) {
        heap->words[word] = 0;
    }
    for (Pos size = 0; size < heap->classes; size++) {
        Link *head = heap_link(heap, size, heap->shift);

        head->next = head->previous = size;
    }
    tree_clear(&heap->tree);
}

#endif
