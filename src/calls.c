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

/* Where a tree is to be searched, or lies elsewhere. */
static __attribute__((__noinline__)) void *take_by_search(Link *links, size_t units,
                                                          size_t size_class)
{
    Pos block = fast_has_nodes(fast_heap(links))
                    ? blocks_take_large(index_usual(fast_heap(links)), units, size_class)
                    : blocks_take_large(index_of(fast_heap(links)), units, size_class);

    if (UNLIKELY(block == 0)) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, false);
    }
    return &links[block];
}

/* Ends taking a block: what is left of it goes into a tree that is not empty. */
static __attribute__((__noinline__)) void *insert_rest(Link *links, size_t block, size_t rest,
                                                       size_t size)
{
    index_insert_large(index_usual(fast_heap(links)), (Pos)rest, (Pos)size);
    return &links[block];
}

/* The front of a large free block, in this class or a later one, if there is any. */
static __attribute__((__noinline__)) void *take_large(Link *links, size_t units, size_t size_class)
{
    size_t block, bin, size;

    if (UNLIKELY(!fast_has_nodes(fast_heap(links)))) {
        return take_by_search(links, units, size_class);
    }
    block = fast_best_large(links, units, size_class, &bin);
    if (UNLIKELY(block == 0)) {
        return take_by_search(links, units, size_class);
    }
    size = tree_node(index_usual(fast_heap(links)).tree, block)->size;
    fast_uproot(links, bin);
    fast_split_large(links, block, units, size);
    size -= units;
    if (LIKELY(size >= fast_heap(links)->fast_classes)) {
        if (UNLIKELY(!fast_plant(links, block + units, size))) {
            return insert_rest(links, block, block + units, size);
        }
    } else if (size != 0) {
        fast_insert(links, block + units, size);
    }
    return &links[block];
}

/* No list has a block for it, but a tree may have one. */
static __attribute__((__noinline__)) void *alloc_from_tree(Link *links, size_t units,
                                                           size_t size_class)
{
    if (UNLIKELY(size_class == 0)) {
        return operation_alloc_units(region_of((Mem_Region *)(void *)links), units, false);
    }
    return take_large(links, units, size_class);
}

/* There is no free block of exactly so many units. */
static __attribute__((__noinline__)) void *alloc_inexact(Link *links, size_t units)
{
    Heap *heap = fast_heap(links);
    size_t size_class = index_next(heap, units);
    size_t block;

    if (UNLIKELY(size_class - 1 >= heap->fast_classes - 1)) {
        return alloc_from_tree(links, units, size_class);
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

    if (UNLIKELY(heap->fast_classes == 0) || UNLIKELY(units > heap->end - heap->first)) {
        return operation_alloc(region_of((Mem_Region *)(void *)links), size);
    }
    return take_large(links, units, index_bin(index_of(heap), units));
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

/* Ends giving back a run, which no longer counts as in use, where a free neighbour was written to:
 * the general way sees that, too, and mends it. */
static __attribute__((__noinline__)) int merge_damaged(Link *links, size_t start, size_t run)
{
    return operation_free_rest(region_of((Mem_Region *)(void *)links), start, run);
}

/* The same where trees are to be searched, or lie elsewhere: so many units before it and behind it
 * are free. */
static __attribute__((__noinline__)) int merge_by_search(Link *links, size_t start, size_t run,
                                                         size_t before, size_t behind)
{
    Heap *heap = fast_heap(links);
    Index index = index_of(heap);
    Map map = heap_map(heap);

    if (behind != 0) {
        if (UNLIKELY(!index_remove(index, (Pos)(start + run), (Pos)behind))) {
            return merge_damaged(links, start, run);
        }
        map_clear_start(map, start + run);
        heap->blocks--;
        run += behind;
    }
    if (before != 0) {
        if (UNLIKELY(!index_remove(index, (Pos)(start - before), (Pos)before))) {
            return merge_damaged(links, start, run);
        }
        map_clear_start(map, start);
        heap->blocks--;
        start -= before;
        run += before;
    }
    map_set_free(map, start, run);
    map_put_size(map, start, (Pos)run);
    index_insert_large(index, (Pos)start, (Pos)run);
    return 0;
}

static __attribute__((__noinline__)) int insert_merged(Link *links, size_t start, size_t run)
{
    index_insert_large(index_usual(fast_heap(links)), (Pos)start, (Pos)run);
    return 0;
}

/* Whether a free block of a size is in a list, or alone in its bin. */
static ALWAYS_INLINE bool is_simple(Link *links, size_t block, size_t size)
{
    Index index = index_usual(fast_heap(links));

    return size < index.heap->fast_classes ||
           LIKELY(tree_is_alone(tree_node(index.tree, block), (Pos)block));
}

/* Takes such a block out of the index. */
static ALWAYS_INLINE bool remove_simple(Link *links, size_t block, size_t size)
{
    if (LIKELY(size < fast_heap(links)->fast_classes)) {
        return fast_remove(links, block, size);
    }
    fast_uproot(links, index_bin(index_usual(fast_heap(links)), size));
    return true;
}

/* Ends giving back a run, which no longer counts as in use, where the result is large: so many
 * units before it and behind it are free. */
static __attribute__((__noinline__)) int merge_large(Link *links, size_t start, size_t run,
                                                     size_t before, size_t behind)
{
    if (UNLIKELY(!fast_has_nodes(fast_heap(links))) ||
        UNLIKELY(!is_simple(links, start + run, behind)) ||
        UNLIKELY(!is_simple(links, start - before, before))) {
        return merge_by_search(links, start, run, before, behind);
    }
    if (behind != 0) {
        if (UNLIKELY(!remove_simple(links, start + run, behind))) {
            return merge_damaged(links, start, run);
        }
        map_clear_start(heap_map(fast_heap(links)), start + run);
        fast_heap(links)->blocks--;
        run += behind;
    }
    if (before != 0) {
        if (UNLIKELY(!remove_simple(links, start - before, before))) {
            return merge_damaged(links, start, run);
        }
        map_clear_start(heap_map(fast_heap(links)), start);
        fast_heap(links)->blocks--;
        start -= before;
        run += before;
    }
    map_set_bit(heap_map(fast_heap(links)).free, start);
    map_set_bit(heap_map(fast_heap(links)).free, start + run - 1);
    fast_put_size(links, start, run);
    return LIKELY(fast_plant(links, start, run)) ? 0 : insert_merged(links, start, run);
}

/* Gives back a block in use with free neighbours: merges it with them, and puts the result into the
 * index. */
static ALWAYS_INLINE int merge(Link *links, size_t start, size_t run, bool is_behind,
                               bool is_before)
{
    Heap *heap = fast_heap(links);
    size_t next = start + run;
    size_t behind = is_behind ? map_size(heap_map(fast_heap(links)), next) : 0;
    size_t before = is_before ? start - map_previous(heap_map(fast_heap(links)), start) : 0;

    heap->given++;
    heap->headroom += run;
    if (UNLIKELY(before + run + behind >= heap->fast_classes)) {
        return merge_large(links, start, run, before, behind);
    }
    if (is_behind) {
        if (UNLIKELY(!fast_remove(links, next, behind))) {
            return merge_damaged(links, start, run);
        }
        map_clear_start(heap_map(fast_heap(links)), next);
        fast_heap(links)->blocks--;
        run += behind;
    } else {
        map_set_bit(heap_map(fast_heap(links)).free, next - 1);
    }
    if (is_before) {
        if (UNLIKELY(!fast_remove(links, start - before, before))) {
            return merge_damaged(links, start, run);
        }
        map_clear_start(heap_map(fast_heap(links)), start);
        fast_heap(links)->blocks--;
        start -= before;
        run += before;
    } else {
        map_set_bit(heap_map(fast_heap(links)).free, start);
    }
    if (run > MAP_WORD_BITS) {
        map_put_size(heap_map(fast_heap(links)), start, (Pos)run);
    }
    fast_insert(links, start, run);
    return 0;
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

/* Gives back a block whose end is further off than a window reaches. */
static __attribute__((__noinline__)) int give_long(Link *links, size_t start)
{
    Heap *heap = fast_heap(links);
    Map map = heap_map(fast_heap(links));
    size_t run;

    if (UNLIKELY(map_is_free(map, start))) {
        return operation_free(region_of((Mem_Region *)(void *)links), &links[start]);
    }
    run = map_size(map, start);
    if (UNLIKELY(map_is_free(map, start + run))) {
        return map_is_free(map, start - 1) ? merge_both(links, start, run)
                                           : merge_behind(links, start, run);
    }
    if (UNLIKELY(map_is_free(map, start - 1))) {
        return merge_before(links, start, run);
    }
    if (UNLIKELY(run >= heap->fast_classes)) {
        heap->given++;
        heap->headroom += run;
        return merge_large(links, start, run, 0, 0);
    }
    map_set_free(map, start, run);
    heap->given++;
    heap->headroom += run;
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
        return give_long(links, start);
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
