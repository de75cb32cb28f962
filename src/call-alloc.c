/* SPDX-License-Identifier: MIT
 *
 * Alloc, one of the two calls that programs make all the time, and its twin on the default region.
 * The common case is done right here, without a lock where the process has one thread; all else is
 * in operations.c.
 *
 * The rarer half of a call is in functions of its own, so that it does not cost the common half the
 * registers that it needs. */
#include <errno.h>

#include "blocks.h"
#include "cached.h"
#include "heap-fast-large.h"
#include "heap-fast.h"
#include "operations.h"

/* A free block was written to, or the index does not agree with the map. */
static __attribute__((__noinline__)) void *take_after_repair(Link *links, size_t units)
{
    return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, true);
}

/* Memory is to be opened first. */
static __attribute__((__noinline__)) void *take_when_open(Link *links, size_t units)
{
    return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, false);
}

/* Where a tree is to be searched, or nodes lie elsewhere. */
static __attribute__((__noinline__)) void *take_by_search(Link *links, size_t units)
{
    Index index = index_of(fast_heap(links));
    Pos block;
    HeapResult result = blocks_take_large(index, units, index_class(index, units), &block);

    if (UNLIKELY(result != HEAP_OK)) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units,
                                     result == HEAP_DAMAGED);
    }
    return &links[block];
}

/* Ends taking a block: what is left of it goes into a bin that needs a tree for it. */
static __attribute__((__noinline__)) void *insert_rest(Link *links, size_t block, size_t rest,
                                                       size_t size)
{
    index_add_to_tree(index_usual(fast_heap(links)), rest, size);
    return &links[block];
}

/* Ends taking the front of a large free block, which is out of the index. */
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
                                                           size_t size_class, size_t size)
{
    Index index = index_usual(fast_heap(links));
    size_t block = shelf_first(index.tree, index_shelf_at(index, size_class), size);

    if (UNLIKELY(!fast_confirms_large(links, block, size))) {
        return take_after_repair(links, units);
    }
    if (UNLIKELY(block + units > fast_heap(links)->open)) {
        return take_when_open(links, units);
    }
    if (shelf_take(index.tree, index_shelf_at(index, size_class), size, &block)) {
        index_unmark_large(fast_heap(links), size_class);
    }
    return take_front(links, units, block, size);
}

/* The bin has no tree. */
static __attribute__((__noinline__)) void *take_from_bin(Link *links, size_t units,
                                                         size_t size_class, size_t block)
{
    Index index = index_usual(fast_heap(links));
    size_t size = tree_node(index.tree, block)->size;

    if (UNLIKELY(!fast_confirms_large(links, block, size))) {
        return take_after_repair(links, units);
    }
    if (UNLIKELY(block + units > fast_heap(links)->open)) {
        return take_when_open(links, units);
    }
    if (bin_pull(index_bin_at(index, size_class), (Pos)block)) {
        index_unmark_large(fast_heap(links), size_class);
    }
    return take_front(links, units, block, size);
}

/* The front of the smallest block of a class, where each is large enough. */
static ALWAYS_INLINE void *take_smallest(Link *links, size_t units, size_t size_class)
{
    Index index = index_usual(fast_heap(links));
    size_t begin = index_shelf_begin(index.heap, size_class);
    const Bin *bin = index_bin_at(index, size_class);

    if (index_is_shelved(index.heap, begin)) {
        return take_from_shelf(links, units, size_class,
                               shelf_size_from(index_shelf_at(index, size_class), begin));
    }
    if (UNLIKELY(bin_has_tree(bin))) {
        return take_by_search(links, units);
    }
    return take_from_bin(links, units, size_class, bin_smaller(index.tree, bin));
}

/* No list has a block for it, but another class may have one. */
static __attribute__((__noinline__)) void *alloc_from_large(Link *links, size_t units,
                                                            size_t size_class)
{
    if (UNLIKELY(size_class == 0)) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, false);
    }
    if (UNLIKELY(!fast_has_nodes(fast_heap(links)))) {
        return take_by_search(links, units);
    }
    return take_smallest(links, units, size_class);
}

/* There is no free block of exactly so many units. */
static __attribute__((__noinline__)) void *alloc_inexact(Link *links, size_t units)
{
    Heap *heap = fast_heap(links);
    size_t size_class = index_next(heap, units);
    size_t block;

    if (UNLIKELY(size_class - 1 >= heap->fast_classes - 1)) {
        return alloc_from_large(links, units, size_class);
    }
    block = links[size_class].next;
    if (UNLIKELY(!fast_take(links, size_class, block))) {
        return take_after_repair(links, units);
    }
    blocks_count_use(fast_heap(links), units);
    fast_split(links, block, units, size_class);
    return &links[block];
}

/* The front of the smallest large block, of classes from one on. */
static ALWAYS_INLINE void *take_from_classes(Link *links, size_t units, size_t size_class)
{
    size_class = index_next(fast_heap(links), size_class);
    if (UNLIKELY(size_class == 0)) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, false);
    }
    return take_smallest(links, units, size_class);
}

static ALWAYS_INLINE void *alloc_shelved(Link *links, size_t units)
{
    Index index = index_usual(fast_heap(links));
    size_t shelf = index_shelf(index, units);
    size_t size = shelf_size_from(index_shelf_at(index, shelf), units);

    return size == 0 ? take_from_classes(links, units, shelf + 1)
                     : take_from_shelf(links, units, shelf, size);
}

static ALWAYS_INLINE void *alloc_binned(Link *links, size_t units)
{
    Index index = index_usual(fast_heap(links));
    size_t bin = index_bin(index, units);
    const Bin *blocks = index_bin_at(index, bin);
    Pos block;

    if (blocks->first == TREE_NONE) {
        return take_from_classes(links, units, bin);
    }
    if (UNLIKELY(bin_has_tree(blocks))) {
        return take_by_search(links, units);
    }
    block = bin_fit(index.tree, blocks, (Pos)units);
    return block == TREE_NONE ? take_from_classes(links, units, bin + 1)
                              : take_from_bin(links, units, bin, block);
}

/* It is too large for any list, or of no bytes, or this is no region for the fast way. */
static __attribute__((__noinline__)) void *alloc_large(Link *links, size_t units, size_t size)
{
    Heap *heap = fast_heap(links);

    if (UNLIKELY(!fast_has_nodes(heap)) || UNLIKELY(units > heap->end - heap->first)) {
        return operation_alloc(region_of((Mem_Region *)(void *)links), size);
    }
    return index_is_shelved(heap, units) ? alloc_shelved(links, units) : alloc_binned(links, units);
}

/* Where threads share the heap: from a magazine for large blocks, or with the lock. */
static __attribute__((__noinline__)) void *alloc_shared(Link *links, size_t units, size_t size)
{
    Region *region = region_of((Mem_Region *)(void *)links);

    return units > region->cached && units <= region_largest(region)
               ? cached_alloc_large(region, units)
               : operation_alloc(region, size);
}

/* The same where no lock is needed. */
static inline void *alloc_unlocked(Link *links, size_t units, size_t size)
{
    size_t block;

    if (UNLIKELY(units >= fast_heap(links)->fast_classes)) {
        return alloc_large(links, units, size);
    }
    block = bits_widen(links[units].next);
    if (UNLIKELY(block == units)) {
        return alloc_inexact(links, units);
    }
    if (UNLIKELY(!fast_take(links, units, block))) {
        return take_after_repair(links, units);
    }
    fast_end_used(links, block, units);
    blocks_count_use(fast_heap(links), units);
    return &links[block];
}

/* Past the magazines. */
static __attribute__((__noinline__)) void *alloc_from_heap(Link *links, size_t units, size_t size)
{
    void *block;

    if (UNLIKELY(!lock_is_needless())) {
        return alloc_shared(links, units, size);
    }
    block = alloc_unlocked(links, units, size);
    if (LIVE_BITS && block != NULL) {
        region_note_taken(region_of((Mem_Region *)(void *)links), fast_position(links, block));
    }
    return block;
}

/* The magazine in use is empty. */
static __attribute__((__noinline__)) void *alloc_from_full(Link *links, size_t units, size_t size)
{
    size_t block = cached_take(region_of((Mem_Region *)(void *)links), units);

    return LIKELY(block != 0) ? &links[block] : alloc_from_heap(links, units, size);
}

static ALWAYS_INLINE void *alloc(Mem_Region *handle, size_t size)
{
    Link *links = (Link *)(void *)handle;
    size_t units = fast_units(links, size);
    size_t block;

    if (units > region_of(handle)->cached) {
        return alloc_from_heap(links, units, size);
    }
    block = cached_pop(region_of(handle), units);
    if (UNLIKELY(block == 0)) {
        return alloc_from_full(links, units, size);
    }
    return &links[block];
}

static void *alloc_nowhere(void)
{
    errno = EINVAL;
    return NULL;
}

void *Mem_Alloc(size_t size)
{
    Mem_Region *region = region_get_default();

    if (UNLIKELY(region == NULL)) {
        return alloc_nowhere();
    }
    return alloc(region, size);
}

void *Mem_RegionAlloc(Mem_Region *region, size_t size)
{
    if (UNLIKELY(region == NULL)) {
        return Mem_Alloc(size);
    }
    return alloc(region, size);
}
