/* SPDX-License-Identifier: MIT
 *
 * The rarer half of the short way to take a block. It has functions of its own, so that it costs
 * the common half no registers, and uses tail calls where possible, so that callers need no stack
 * frame. */
#include "heap/fast.h"

/* Takes a block where a tree must be searched, or where nodes are in slots. */
static __attribute__((__noinline__)) void *take_by_search(Link *links, size_t units,
                                                          FastTakeFail *fail)
{
    Index index = index_of(fast_heap(links));
    Pos block;
    HeapResult result = blocks_take_large(index, units, index_class(index, units), &block);

    if (UNLIKELY(result != HEAP_OK)) {
        return fail(links, units);
    }
    return &links[block];
}

/* Finishes taking a block whose rest goes into a bin that needs a tree. */
static __attribute__((__noinline__)) void *insert_rest(Link *links, size_t block, size_t rest,
                                                       size_t size)
{
    index_add_to_tree(index_usual(fast_heap(links)), rest, size);
    return &links[block];
}

/* Finishes taking the front of a large free block, which has left the index. */
static ALWAYS_INLINE void *take_front(Link *links, size_t units, size_t block, size_t size)
{
    size_t rest = block + units;
    Map map;

    fast_split_large(links, block, units);
    size -= units;
    map = heap_map(fast_heap(links));
    if (LIKELY(size >= fast_heap(links)->fast_classes)) {
        fast_start_rest(links, map, rest);
        map_note_size(map, rest, size);
        blocks_note_touched(fast_heap(links), (Pos)rest);
        if (UNLIKELY(!index_push_large(index_usual(fast_heap(links)), rest, size))) {
            return insert_rest(links, block, rest, size);
        }
        return &links[block];
    }
    blocks_note_touched(fast_heap(links), (Pos)(rest + size));
    if (size != 0) {
        fast_start_rest(links, map, rest);
        map_put_size(map, rest, size);
        fast_insert(links, rest, size);
    }
    return &links[block];
}

static __attribute__((__noinline__)) void *take_from_shelf(Link *links, size_t units,
                                                           size_t size_class, size_t size,
                                                           FastTakeFail *fail)
{
    Index index = index_usual(fast_heap(links));
    size_t block = shelf_first(index.tree, index_shelf_at(index, size_class), size);

    if (UNLIKELY(!fast_confirms_large(links, block, size)) ||
        UNLIKELY(block + units > fast_heap(links)->open)) {
        return fail(links, units);
    }
    if (shelf_take(index.tree, index_shelf_at(index, size_class), size, &block)) {
        classes_unmark_large(fast_heap(links), size_class);
    }
    return take_front(links, units, block, size);
}

/* Takes the front of a block of a bin without a tree. */
static __attribute__((__noinline__)) void *take_from_bin(Link *links, size_t units,
                                                         size_t size_class, size_t block,
                                                         FastTakeFail *fail)
{
    Index index = index_usual(fast_heap(links));
    size_t size = tree_node(index.tree, block)->size;

    if (UNLIKELY(!fast_confirms_large(links, block, size)) ||
        UNLIKELY(block + units > fast_heap(links)->open)) {
        return fail(links, units);
    }
    if (bin_pull(index_bin_at(index, size_class), (Pos)block)) {
        classes_unmark_large(fast_heap(links), size_class);
    }
    return take_front(links, units, block, size);
}

/* Takes the front of the smallest block of a class whose sizes all suffice. */
static ALWAYS_INLINE void *take_smallest(Link *links, size_t units, size_t size_class,
                                         FastTakeFail *fail)
{
    Index index = index_usual(fast_heap(links));
    size_t begin = index_shelf_begin(index.heap, size_class);
    const Bin *bin = index_bin_at(index, size_class);

    if (index_is_shelved(index.heap, begin)) {
        return take_from_shelf(links, units, size_class,
                               shelf_size_from(index_shelf_at(index, size_class), begin), fail);
    }
    if (UNLIKELY(bin_has_tree(bin))) {
        return take_by_search(links, units, fail);
    }
    return take_from_bin(links, units, size_class, bin_smaller(index.tree, bin), fail);
}

/* Takes a block from a class of large blocks, after no list had one. */
static __attribute__((__noinline__)) void *take_from_large(Link *links, size_t units,
                                                           size_t size_class, FastTakeFail *fail)
{
    if (UNLIKELY(size_class == 0)) {
        return fail(links, units);
    }
    if (UNLIKELY(!fast_has_nodes(fast_heap(links)))) {
        return take_by_search(links, units, fail);
    }
    return take_smallest(links, units, size_class, fail);
}

/* Takes the front of a larger block: no free block has exactly `units` units. */
static void *take_inexact(Link *links, size_t units, FastTakeFail *fail)
{
    Heap *heap = fast_heap(links);
    size_t size_class = classes_next(heap, units);
    size_t block;

    if (UNLIKELY(size_class - 1 >= heap->fast_classes - 1)) {
        return take_from_large(links, units, size_class, fail);
    }
    block = links[size_class].next;
    if (UNLIKELY(!fast_take_first(links, size_class, block))) {
        return fail(links, units);
    }
    blocks_count_use(fast_heap(links), units);
    fast_split(links, block, units, size_class);
    return &links[block];
}

/* Takes the front of the smallest large block, in classes from `size_class` on. */
static ALWAYS_INLINE void *take_from_classes(Link *links, size_t units, size_t size_class,
                                             FastTakeFail *fail)
{
    size_class = classes_next(fast_heap(links), size_class);
    if (UNLIKELY(size_class == 0)) {
        return fail(links, units);
    }
    return take_smallest(links, units, size_class, fail);
}

static ALWAYS_INLINE void *take_shelved(Link *links, size_t units, FastTakeFail *fail)
{
    Index index = index_usual(fast_heap(links));
    size_t shelf = index_shelf(index, units);
    size_t size = shelf_size_from(index_shelf_at(index, shelf), units);

    return size == 0 ? take_from_classes(links, units, shelf + 1, fail)
                     : take_from_shelf(links, units, shelf, size, fail);
}

static ALWAYS_INLINE void *take_binned(Link *links, size_t units, FastTakeFail *fail)
{
    Index index = index_usual(fast_heap(links));
    size_t bin = index_bin(index, units);
    const Bin *blocks = index_bin_at(index, bin);
    Pos block;

    if (blocks->first == TREE_NONE) {
        return take_from_classes(links, units, bin, fail);
    }
    if (UNLIKELY(bin_has_tree(blocks))) {
        return take_by_search(links, units, fail);
    }
    block = bin_fit(index.tree, blocks, (Pos)units);
    return block == TREE_NONE ? take_from_classes(links, units, bin + 1, fail)
                              : take_from_bin(links, units, bin, block, fail);
}

/* Takes a large block. Fails if there are no nodes in the map, or for a request of 0 bytes or more
 * than the heap has. */
static void *take_large(Link *links, size_t units, FastTakeFail *fail)
{
    Heap *heap = fast_heap(links);

    if (UNLIKELY(!fast_has_nodes(heap)) || UNLIKELY(units > heap->end - heap->first)) {
        return fail(links, units);
    }
    return index_is_shelved(heap, units) ? take_shelved(links, units, fail)
                                         : take_binned(links, units, fail);
}

void *fast_take_other(Link *links, size_t units, FastTakeFail *fail)
{
    return UNLIKELY(units >= fast_heap(links)->fast_classes) ? take_large(links, units, fail)
                                                             : take_inexact(links, units, fail);
}
