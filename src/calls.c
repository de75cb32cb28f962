/* SPDX-License-Identifier: MIT
 *
 * Alloc and Free, the two calls that programs make all the time, and their twins on the default
 * region. The common case is done right here, without a lock where the process has one thread; all
 * else is in operations.c. */
#include <errno.h>

#include "blocks.h"
#include "heap-fast-large.h"
#include "heap-fast.h"
#include "misuse.h"
#include "operations.h"

/* The rarer half of a call is in functions of their own, so that it does not cost the common half
 * the registers that it needs. */

/* Where a tree is to be searched, or nodes lie elsewhere. */
static __attribute__((__noinline__)) void *take_by_search(Link *links, size_t units)
{
    Index index = index_of(fast_heap(links));
    Pos block = blocks_take_large(index, units, index_class(index, units));

    if (UNLIKELY(block == 0)) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, false);
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
    size_t block;

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
    if (UNLIKELY(!fast_take(links, size_class, &block))) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, true);
    }
    blocks_count_use(fast_heap(links), units);
    fast_split(links, block, units, size_class);
    return &links[block];
}

/* It is too large for any list, or of no bytes, or this is no region for the fast way. */
static __attribute__((__noinline__)) void *alloc_large(Link *links, size_t units, size_t size)
{
    Heap *heap = fast_heap(links);
    Index index = index_usual(heap);
    size_t size_class;
    size_t best;
    Pos block;

    if (UNLIKELY(!fast_has_nodes(heap)) || UNLIKELY(units > heap->end - heap->first)) {
        return operation_alloc(region_of((Mem_Region *)(void *)links), size);
    }
    if (index_is_shelved(heap, units)) {
        size_class = index_shelf(index, units);
        best = shelf_size_from(index_shelf_at(index, size_class), units);
        if (best != 0) {
            return take_from_shelf(links, units, size_class, best);
        }
        size_class++;
    } else {
        const Bin *bin;

        size_class = index_bin(index, units);
        bin = index_bin_at(index, size_class);
        if (bin->first != TREE_NONE) {
            if (UNLIKELY(bin_has_tree(bin))) {
                return take_by_search(links, units);
            }
            block = bin_fit(index.tree, bin, (Pos)units);
            if (block != TREE_NONE) {
                return take_from_bin(links, units, size_class, block);
            }
            size_class++;
        }
    }
    size_class = index_next(heap, size_class);
    if (UNLIKELY(size_class == 0)) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, false);
    }
    return take_smallest(links, units, size_class);
}

static ALWAYS_INLINE void *alloc(Mem_Region *handle, size_t size)
{
    Link *links = (Link *)(void *)handle;
    size_t units = fast_units(links, size);
    size_t block;

    if (UNLIKELY(!lock_is_needless())) {
        return operation_alloc(region_of(handle), size);
    }
    if (UNLIKELY(units >= fast_heap(links)->fast_classes)) {
        return alloc_large(links, units, size);
    }
    block = bits_widen(links[units].next);
    if (UNLIKELY(block == units)) {
        return alloc_inexact(links, units);
    }
    if (UNLIKELY(!fast_take(links, units, &block))) {
        return operation_alloc_units(region_of(handle), units, true);
    }
    fast_end_used(links, block, units);
    blocks_count_use(fast_heap(links), units);
    return &links[block];
}

/* Ends giving back a run, which no longer counts as in use, the general way: where a bin has a tree,
 * and where a free neighbour was written to, which is seen and mended there. */
static __attribute__((__noinline__)) int merge_rest(Link *links, size_t start, size_t run)
{
    return operation_free_rest(region_of((Mem_Region *)(void *)links), start, run);
}

static __attribute__((__noinline__)) int insert_into_tree(Link *links, size_t start, size_t run)
{
    index_add_to_tree(index_usual(fast_heap(links)), start, run);
    return 0;
}

/* Makes a large free block of a run that was merged with its neighbours. */
static __attribute__((__noinline__)) int insert_merged(Link *links, size_t start, size_t run)
{
    Map map = heap_map(fast_heap(links));

    map_set_bit_at_once(map.free, start);
    map_set_bit_at_once(map.free, start + run - 1);
    map_note_size(map, start, run);
    return LIKELY(index_push_large(index_usual(fast_heap(links)), start, run))
               ? 0
               : insert_into_tree(links, start, run);
}

/* Takes a free block out of its list. False: it was written to. */
static ALWAYS_INLINE bool remove_small(Link *links, size_t block, size_t size)
{
    bool alone;

    if (UNLIKELY(!fast_unlink(links, block, &alone))) {
        return false;
    }
    if (alone) {
        index_unmark_large(fast_heap(links), size);
    }
    return true;
}

/* Takes a free block out of the index. False: it was written to, or is in a tree. */
static ALWAYS_INLINE bool remove_any(Link *links, size_t block, size_t size, bool in_list)
{
    return in_list || LIKELY(size < fast_heap(links)->fast_classes)
               ? remove_small(links, block, size)
               : index_pull_large(index_usual(fast_heap(links)), block, size);
}

/* Ends giving back a run, which no longer counts as in use, where the result is large: so many
 * units before it and behind it are free. in_lists: both of these are small, that is known. */
static ALWAYS_INLINE int merge_large(Link *links, size_t start, size_t run, bool is_before,
                                     size_t before, bool is_behind, size_t behind, bool in_lists)
{
    if (UNLIKELY(!fast_has_nodes(fast_heap(links)))) {
        return merge_rest(links, start, run);
    }
    if (is_behind) {
        if (UNLIKELY(!remove_any(links, start + run, behind, in_lists))) {
            return merge_rest(links, start, run);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start + run);
        run += behind;
    }
    if (is_before) {
        if (UNLIKELY(!remove_any(links, start - before, before, in_lists))) {
            fast_heap(links)->blocks -= is_behind;
            return merge_rest(links, start, run);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start);
        start -= before;
        run += before;
    }
    fast_heap(links)->blocks -= (size_t)is_behind + is_before;
    return insert_merged(links, start, run);
}

/* The same where the result goes into a list. */
static ALWAYS_INLINE int merge_small(Link *links, size_t start, size_t run, bool is_before,
                                     size_t before, bool is_behind, size_t behind)
{
    if (is_behind) {
        if (UNLIKELY(!fast_remove(links, start + run, behind))) {
            return merge_rest(links, start, run);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start + run);
        run += behind;
    } else {
        map_set_bit(heap_map(fast_heap(links)).free, start + run - 1);
    }
    if (is_before) {
        if (UNLIKELY(!fast_remove(links, start - before, before))) {
            fast_heap(links)->blocks -= is_behind;
            return merge_rest(links, start, run);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start);
        start -= before;
        run += before;
    } else {
        map_set_bit(heap_map(fast_heap(links)).free, start);
    }
    fast_heap(links)->blocks -= (size_t)is_behind + is_before;
    map_put_size(heap_map(fast_heap(links)), start, run);
    fast_insert(links, start, run);
    return 0;
}

/* In functions of their own, so that what leads to them needs no stack frame. */
static __attribute__((__noinline__)) int merge_small_behind(Link *links, size_t start, size_t run,
                                                            size_t behind)
{
    return merge_small(links, start, run, false, 0, true, behind);
}

static __attribute__((__noinline__)) int merge_small_before(Link *links, size_t start, size_t run,
                                                            size_t before)
{
    return merge_small(links, start, run, true, before, false, 0);
}

static __attribute__((__noinline__)) int merge_small_both(Link *links, size_t start, size_t run,
                                                          size_t before, size_t behind)
{
    return merge_small(links, start, run, true, before, true, behind);
}

static __attribute__((__noinline__)) int merge_large_behind(Link *links, size_t start, size_t run,
                                                            size_t behind)
{
    return merge_large(links, start, run, false, 0, true, behind, false);
}

static __attribute__((__noinline__)) int merge_large_before(Link *links, size_t start, size_t run,
                                                            size_t before)
{
    return merge_large(links, start, run, true, before, false, 0, false);
}

static __attribute__((__noinline__)) int merge_large_both(Link *links, size_t start, size_t run,
                                                          size_t before, size_t behind)
{
    return merge_large(links, start, run, true, before, true, behind, false);
}

/* The same with both in lists: that needs fewer registers. */
static __attribute__((__noinline__)) int merge_lists(Link *links, size_t start, size_t run,
                                                     size_t before, size_t behind)
{
    return merge_large(links, start, run, true, before, true, behind, true);
}

/* A large run without free neighbours. */
static __attribute__((__noinline__)) int give_large(Link *links, size_t start, size_t run)
{
    return merge_large(links, start, run, false, 0, false, 0, false);
}

/* Gives back a block in use with free neighbours: merges it with them, and puts the result into the
 * index. */
static ALWAYS_INLINE int merge(Link *links, size_t start, size_t run, bool is_behind,
                               bool is_before)
{
    Heap *heap = fast_heap(links);
    size_t behind = is_behind ? map_length(heap_map(heap), start + run) : 0;
    size_t before = is_before ? map_length_before(heap_map(heap), start) : 0;

    heap->given++;
    heap->headroom += run;
    if (UNLIKELY(before + run + behind >= heap->fast_classes)) {
        return !is_before   ? merge_large_behind(links, start, run, behind)
               : !is_behind ? merge_large_before(links, start, run, before)
               : before < heap->fast_classes && behind < heap->fast_classes
                   ? merge_lists(links, start, run, before, behind)
                   : merge_large_both(links, start, run, before, behind);
    }
    return !is_before   ? merge_small_behind(links, start, run, behind)
           : !is_behind ? merge_small_before(links, start, run, before)
                        : merge_small_both(links, start, run, before, behind);
}

static __attribute__((__noinline__)) int merge_behind(Link *links, size_t start, size_t run)
{
    return merge(links, start, run, true, false);
}

static __attribute__((__noinline__)) int merge_before(Link *links, size_t start, size_t run)
{
    return merge(links, start, run, false, true);
}

static __attribute__((__noinline__)) int merge_both(Link *links, size_t start, size_t run)
{
    return merge(links, start, run, true, true);
}

/* Gives back a block whose end is further off than a window reaches. free: the window. */
static __attribute__((__noinline__)) int give_long(Link *links, size_t start, size_t free)
{
    Heap *heap = fast_heap(links);
    Map map = heap_map(fast_heap(links));
    size_t run;

    if (UNLIKELY((free & 2) != 0)) {
        return operation_free(region_of((Mem_Region *)(void *)links), &links[start]);
    }
    run = map_length(map, start);
    if (UNLIKELY(map_is_free(map, start + run))) {
        return (free & 1) != 0 ? merge_both(links, start, run) : merge_behind(links, start, run);
    }
    if (UNLIKELY((free & 1) != 0)) {
        return merge_before(links, start, run);
    }
    heap->given++;
    heap->headroom += run;
    if (UNLIKELY(run >= heap->fast_classes)) {
        return give_large(links, start, run);
    }
    map_set_free(map, start, run);
    fast_insert(links, start, run);
    return 0;
}

static ALWAYS_INLINE int give(Mem_Region *handle, void *pointer)
{
    Link *links = (Link *)(void *)handle;
    size_t start, run;

    if (UNLIKELY(!lock_is_needless())) {
        return operation_free(region_of(handle), pointer);
    }
    start = fast_position(links, pointer);
    switch (fast_give(links, start, &run)) {
    case FAST_GIVEN:
        return 0;
    case FAST_BEHIND:
        return merge_behind(links, start, run);
    case FAST_BEFORE:
        return merge_before(links, start, run);
    case FAST_BOTH:
        return merge_both(links, start, run);
    case FAST_LONG:
        return give_long(links, start, run);
    default:
        return operation_free(region_of(handle), fast_pointer(links, start));
    }
}

static void *alloc_nowhere(void)
{
    errno = EINVAL;
    return NULL;
}

static int free_nowhere(const void *pointer)
{
    Mem_Misuse misuse = {.kind = MEM_MISUSE_NO_REGION, .pointer = pointer};

    if (pointer == NULL) {
        return 0;
    }
    misuse_report(&misuse);
    errno = EINVAL;
    return -1;
}

void *Mem_Alloc(size_t size)
{
    Mem_Region *region = region_get_default();

    if (UNLIKELY(region == NULL)) {
        return alloc_nowhere();
    }
    return alloc(region, size);
}

int Mem_Free(void *ptr)
{
    Mem_Region *region = region_get_default();

    if (UNLIKELY(region == NULL)) {
        return free_nowhere(ptr);
    }
    return give(region, ptr);
}

void *Mem_RegionAlloc(Mem_Region *region, size_t size)
{
    if (UNLIKELY(region == NULL)) {
        return Mem_Alloc(size);
    }
    return alloc(region, size);
}

int Mem_RegionFree(Mem_Region *region, void *ptr)
{
    if (UNLIKELY(region == NULL)) {
        return Mem_Free(ptr);
    }
    return give(region, ptr);
}
