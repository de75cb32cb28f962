/* SPDX-License-Identifier: MIT
 *
 * The index: free blocks by size. Sizes fall into classes. Below a limit each size is a class, with
 * a list. Large heaps continue with shelves of eight sizes each. The largest sizes fall into bins;
 * each bin is one of several equal parts of an octave.
 *
 *   class   0  1  2  …  classes-1 | classes …                      |                    heads-1
 *   size    –  1  2  …  classes-1 | classes …  in shelves of eight | …  in bins        2^32 - 1
 */
#ifndef MEM_SRC_INDEX_H
#define MEM_SRC_INDEX_H

#include "heap/bin.h"
#include "heap/classes.h"
#include "heap/heap-data.h"
#include "heap/list.h"

/* The index of a heap, with the constants that most heaps share. They are compile-time constants in
 * index_usual. */
typedef struct Index {
    Heap *heap;
    Tree tree;      /* as from heap_tree */
    unsigned shift; /* as in Heap */
} Index;

static ALWAYS_INLINE Index index_of(Heap *heap)
{
    return (Index){heap, heap_tree(heap), heap->shift};
}

/* Returns the index of a heap with nodes in the map and units of the usual size. */
static ALWAYS_INLINE Index index_usual(Heap *heap)
{
    char *nodes = (char *)(heap + 1) + heap->nodes;

    return (Index){heap, {nodes, MAP_WORD_SHIFT, MAP_WORD_BYTES, BIN_SHIFT_MAX}, UNIT_SHIFT};
}

/* How large sizes map to shelves and bins. */
typedef struct Bins {
    Pos shelves_end; /* units: large sizes below are on shelves */
    Pos shelf_bias;  /* class of a shelf: this + size / SHELF_SIZES */
    Pos bin_bias;    /* class of a bin: this + its number */
    unsigned shift;  /* log2 of the bins in an octave */
} Bins;

/* size is a size_t, which avoids a zero extension. */
static ALWAYS_INLINE size_t index_shelf_in(Bins bins, size_t size)
{
    return (Pos)(size >> SHELF_SHIFT) + bins.shelf_bias;
}

static ALWAYS_INLINE size_t index_bin_in(Bins bins, size_t size)
{
    size_t octave = bits_highest(size);

    return (Pos)((octave << bins.shift) + (size >> (octave - bins.shift))) + bins.bin_bias;
}

static ALWAYS_INLINE Bins index_bins(Index index)
{
    const Heap *heap = index.heap;

    return (Bins){heap->shelves_end, heap->shelf_bias, heap->bin_bias, index.tree.bin_shift};
}

/* Returns the shelf of a large size. */
static ALWAYS_INLINE size_t index_shelf(Index index, size_t size)
{
    return index_shelf_in(index_bins(index), size);
}

static ALWAYS_INLINE size_t index_bin(Index index, size_t size)
{
    return index_bin_in(index_bins(index), size);
}

/* Returns whether a large size is on a shelf. */
static ALWAYS_INLINE bool index_is_shelved(const Heap *heap, size_t size)
{
    return (Pos)size < heap->shelves_end;
}

/* Returns the class of a large size. */
static inline size_t index_large_class_in(Bins bins, size_t size)
{
    return (Pos)size < bins.shelves_end ? index_shelf_in(bins, size) : index_bin_in(bins, size);
}

static inline size_t index_large_class(Index index, size_t size)
{
    return index_large_class_in(index_bins(index), size);
}

/* Returns the first size of a shelf. If the class of large blocks is a bin, the result is
 * shelves_end or more. */
static ALWAYS_INLINE size_t index_shelf_begin(const Heap *heap, size_t size_class)
{
    return (size_class - heap->shelf_bias) << SHELF_SHIFT;
}

static inline bool index_is_large(const Heap *heap, size_t size)
{
    return size >= heap->classes;
}

/* Returns the head of a class: a shelf, or a bin. */
static ALWAYS_INLINE Shelf *index_shelf_at(Index index, size_t size_class)
{
    return (Shelf *)(void *)heap_link(index.heap, size_class, index.shift);
}

static ALWAYS_INLINE Bin *index_bin_at(Index index, size_t size_class)
{
    return (Bin *)(void *)heap_link(index.heap, size_class, index.shift);
}

/* Adds a large block whose size is stored in its node. Returns false, and does nothing, if that
 * takes a tree. */
static ALWAYS_INLINE bool index_push_large(Index index, size_t block, size_t size)
{
    size_t size_class;

    if (index_is_shelved(index.heap, size)) {
        size_class = index_shelf(index, size);
        if (!shelf_insert(index.tree, index_shelf_at(index, size_class), block, size)) {
            return true;
        }
    } else {
        size_class = index_bin(index, size);
        if (UNLIKELY(bin_is_full(index_bin_at(index, size_class)))) {
            return false;
        }
        bin_push(index_bin_at(index, size_class), (Pos)block);
    }
    classes_mark_large(index.heap, size_class);
    return true;
}

/* Removes a large block. Returns false, and does nothing, if it is in a tree. */
static ALWAYS_INLINE bool index_pull_large(Index index, size_t block, size_t size)
{
    size_t size_class;
    bool empty;

    if (index_is_shelved(index.heap, size)) {
        size_class = index_shelf(index, size);
        empty = shelf_remove(index.tree, index_shelf_at(index, size_class), block, size);
    } else {
        size_class = index_bin(index, size);
        if (UNLIKELY(bin_has_tree(index_bin_at(index, size_class)))) {
            return false;
        }
        empty = bin_pull(index_bin_at(index, size_class), (Pos)block);
    }
    if (empty) {
        classes_unmark_large(index.heap, size_class);
    }
    return true;
}

/* Adds a block after index_push_large has returned false: its bin is full, and so marked. */
static inline void index_add_to_tree(Index index, size_t block, size_t size)
{
    bin_add(index.tree, index_bin_at(index, index_bin(index, size)), (Pos)block);
}

static ALWAYS_INLINE void index_insert_large(Index index, Pos block, Pos size)
{
    tree_node(index.tree, block)->size = size;
    if (UNLIKELY(!index_push_large(index, block, size))) {
        index_add_to_tree(index, block, size);
    }
}

static ALWAYS_INLINE void index_remove_large(Index index, Pos block, Pos size)
{
    if (UNLIKELY(!index_pull_large(index, block, size))) {
        bin_drop(index.tree, index_bin_at(index, index_bin(index, size)), block);
    }
}

static ALWAYS_INLINE void index_insert(Index index, Pos block, Pos size)
{
    if (size >= index.heap->classes) {
        index_insert_large(index, block, size);
    } else if (list_insert(index.heap, block, size, index.shift)) {
        classes_mark(index.heap, size);
    }
}

/* Removes a free block. Returns false if its links were overwritten. */
static ALWAYS_INLINE bool index_remove(Index index, Pos block, Pos size)
{
    bool empty;

    if (size >= index.heap->classes) {
        index_remove_large(index, block, size);
        return true;
    }
    if (!list_remove(index.heap, block, size, index.shift, &empty)) {
        return false;
    }
    classes_unmark_if(index.heap, size, empty);
    return true;
}

/* Returns the first class that may hold a block of `units` units, which are at most those of the
 * heap; 0 if there is none. */
static ALWAYS_INLINE size_t index_class(Index index, size_t units)
{
    return index_is_large(index.heap, units) ? index_large_class(index, units)
                                             : classes_next(index.heap, units);
}

/* Returns the smallest block of at least `units` units in their own class, a non-empty one of large
 * blocks; or TREE_NONE. */
static ALWAYS_INLINE Pos index_best_of_class(Index index, size_t units, size_t size_class)
{
    const Shelf *shelf = index_shelf_at(index, size_class);
    size_t size;

    if (!index_is_shelved(index.heap, units)) {
        return bin_best(index.tree, index_bin_at(index, size_class), (Pos)units);
    }
    size = shelf_size_from(shelf, units);
    return size == 0 ? TREE_NONE : shelf_first(index.tree, shelf, size);
}

/* Returns the smallest block of a non-empty class of large blocks. */
static ALWAYS_INLINE Pos index_smallest_of_class(Index index, size_t size_class)
{
    const Shelf *shelf = index_shelf_at(index, size_class);
    size_t begin = index_shelf_begin(index.heap, size_class);

    return index_is_shelved(index.heap, begin)
               ? shelf_first(index.tree, shelf, shelf_size_from(shelf, begin))
               : bin_smallest(index.tree, index_bin_at(index, size_class));
}

/* Returns the size of the largest block of such a class. */
static inline Pos index_largest_of_class(Index index, size_t size_class)
{
    size_t begin = index_shelf_begin(index.heap, size_class);
    const Bin *bin = index_bin_at(index, size_class);

    return index_is_shelved(index.heap, begin)
               ? (Pos)shelf_largest_size(index_shelf_at(index, size_class), begin)
               : tree_node(index.tree, bin_largest(index.tree, bin))->size;
}

/* Returns the smallest large free block of at least `units` units, or 0. The class is that of the
 * units if they are large, else any class of large blocks to start from. */
static ALWAYS_INLINE Pos index_best_large(Index index, size_t units, size_t size_class)
{
    Pos block;

    if (index_is_large(index.heap, units) && classes_is_marked(index.heap, size_class)) {
        /* its blocks may all be smaller */
        block = index_best_of_class(index, units, size_class);
        if (block != TREE_NONE) {
            return block;
        }
        size_class++;
    }
    size_class = classes_next(index.heap, size_class);
    return size_class == 0 ? 0 : index_smallest_of_class(index, size_class);
}

/* Returns whether a large free block is in its class, with sound links. */
static inline bool index_holds_large(Index index, Pos block, Pos size)
{
    const Heap *heap = index.heap;
    size_t size_class = index_large_class(index, size);

    return classes_is_marked(heap, size_class) &&
           (index_is_shelved(heap, size)
                ? shelf_holds(index.tree, index_shelf_at(index, size_class), block, size,
                              heap->first, heap->end)
                : bin_holds(index.tree, index_bin_at(index, size_class), block, size, heap->first,
                            heap->end));
}

/* Returns the number of blocks in a class of large blocks; more than limit if the class is
 * damaged. */
static inline size_t index_count_large(Index index, size_t size_class, size_t limit)
{
    const Heap *heap = index.heap;
    const Bin *bin = index_bin_at(index, size_class);
    size_t count;

    if (index_is_shelved(heap, index_shelf_begin(heap, size_class))) {
        return shelf_count(index.tree, index_shelf_at(index, size_class), limit, heap->first,
                           heap->end);
    }
    count = bin_count(index.tree, bin, limit, heap->first, heap->end);
    return bin_has_tree(bin) && count < 3 ? limit + 1 : count;
}

/* Finds the smallest free block of at least `units` units. Returns its size, or 0. */
static ALWAYS_INLINE Pos index_best(Index index, size_t units, Pos *block)
{
    size_t size_class;

    if (units > index.heap->end - index.heap->first) {
        return 0;
    }
    size_class = index_class(index, units);
    if (size_class == 0) {
        return 0;
    }
    if (size_class < index.heap->classes) {
        *block = heap_link(index.heap, size_class, index.shift)->next;
        return (Pos)size_class;
    }
    *block = index_best_large(index, units, size_class);
    return *block == 0 ? 0 : tree_node(index.tree, *block)->size;
}

/* Empties the index. An empty shelf has sizes = 0, which equals TREE_NONE. */
static inline void index_clear(Heap *heap)
{
    heap->summary = 0;
    for (size_t word = 0; word < classes_words(heap->heads); word++) {
        heap->words[word] = 0;
    }
    for (Pos size_class = 0; size_class < heap->heads; size_class++) {
        Link *head = heap_link(heap, size_class, heap->shift);

        head->next = head->previous = size_class < heap->classes ? size_class : TREE_NONE;
    }
}

#endif
