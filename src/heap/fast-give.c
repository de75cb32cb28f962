/* SPDX-License-Identifier: MIT
 *
 * The short way to give back a block that is large, or merges with free neighbours. */
#include "heap/fast.h"

/* Finishes giving back a run, which no longer counts as in use, the general way: its bin has a
 * tree, or a free neighbour was overwritten, which the general way detects and repairs. */
static __attribute__((__noinline__)) int merge_rest(Link *links, size_t start, size_t run,
                                                    FastGiveFail *fail)
{
    HeapResult result = heap_give_rest(fast_heap(links), (Pos)start, (Pos)run);

    return result == HEAP_OK ? 0 : fail(links, start, result);
}

static __attribute__((__noinline__)) int insert_into_tree(Link *links, size_t start, size_t run)
{
    index_add_to_tree(index_usual(fast_heap(links)), start, run);
    return 0;
}

/* Makes a large free block of a run and its merged neighbours. */
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

/* Removes a free block from its list. Returns false if its links were overwritten. */
static ALWAYS_INLINE bool remove_small(Link *links, size_t block, size_t size)
{
    bool alone;

    if (UNLIKELY(!list_remove(fast_heap(links), block, size, UNIT_SHIFT, &alone))) {
        return false;
    }
    if (alone) {
        classes_unmark_large(fast_heap(links), size);
    }
    return true;
}

/* Removes a free block from the index. Returns false if its links were overwritten, or if it is in
 * a tree. */
static ALWAYS_INLINE bool remove_any(Link *links, size_t block, size_t size, bool in_list)
{
    return in_list || LIKELY(size < fast_heap(links)->fast_classes)
               ? remove_small(links, block, size)
               : index_pull_large(index_usual(fast_heap(links)), block, size);
}

/* Finishes giving back a run, which no longer counts as in use, if the result is large. `before`
 * and `behind` are the units of free neighbours. in_lists: both neighbours are known to be
 * small. */
static ALWAYS_INLINE int merge_large(Link *links, size_t start, size_t run, bool is_before,
                                     size_t before, bool is_behind, size_t behind, bool in_lists,
                                     FastGiveFail *fail)
{
    if (UNLIKELY(!fast_has_nodes(fast_heap(links)))) {
        return merge_rest(links, start, run, fail);
    }
    if (is_behind) {
        if (UNLIKELY(!remove_any(links, start + run, behind, in_lists))) {
            return merge_rest(links, start, run, fail);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start + run);
        run += behind;
    }
    if (is_before) {
        if (UNLIKELY(!remove_any(links, start - before, before, in_lists))) {
            fast_heap(links)->blocks -= is_behind;
            return merge_rest(links, start, run, fail);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start);
        start -= before;
        run += before;
    }
    fast_heap(links)->blocks -= (Pos)is_behind + is_before;
    return insert_merged(links, start, run);
}

/* Finishes giving back a run if the result goes into a list. */
static ALWAYS_INLINE int merge_small(Link *links, size_t start, size_t run, bool is_before,
                                     size_t before, bool is_behind, size_t behind,
                                     FastGiveFail *fail)
{
    if (is_behind) {
        if (UNLIKELY(!fast_remove(links, start + run, behind))) {
            return merge_rest(links, start, run, fail);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start + run);
        run += behind;
    } else {
        map_set_bit(heap_map(fast_heap(links)).free, start + run - 1);
    }
    if (is_before) {
        if (UNLIKELY(!fast_remove(links, start - before, before))) {
            fast_heap(links)->blocks -= is_behind;
            return merge_rest(links, start, run, fail);
        }
        map_clear_bit_at_once(heap_map(fast_heap(links)).starts, start);
        start -= before;
        run += before;
    } else {
        map_set_bit(heap_map(fast_heap(links)).free, start);
    }
    fast_heap(links)->blocks -= (Pos)is_behind + is_before;
    map_put_size(heap_map(fast_heap(links)), start, run);
    fast_insert(links, start, run);
    return 0;
}

/* Functions of their own, so that their callers need no stack frame. */
static __attribute__((__noinline__)) int merge_small_behind(Link *links, size_t start, size_t run,
                                                            size_t behind, FastGiveFail *fail)
{
    return merge_small(links, start, run, false, 0, true, behind, fail);
}

static __attribute__((__noinline__)) int merge_small_before(Link *links, size_t start, size_t run,
                                                            size_t before, FastGiveFail *fail)
{
    return merge_small(links, start, run, true, before, false, 0, fail);
}

static __attribute__((__noinline__)) int merge_small_both(Link *links, size_t start, size_t run,
                                                          size_t before, size_t behind,
                                                          FastGiveFail *fail)
{
    return merge_small(links, start, run, true, before, true, behind, fail);
}

static __attribute__((__noinline__)) int merge_large_behind(Link *links, size_t start, size_t run,
                                                            size_t behind, FastGiveFail *fail)
{
    return merge_large(links, start, run, false, 0, true, behind, false, fail);
}

static __attribute__((__noinline__)) int merge_large_before(Link *links, size_t start, size_t run,
                                                            size_t before, FastGiveFail *fail)
{
    return merge_large(links, start, run, true, before, false, 0, false, fail);
}

static __attribute__((__noinline__)) int merge_large_both(Link *links, size_t start, size_t run,
                                                          size_t before, size_t behind,
                                                          FastGiveFail *fail)
{
    return merge_large(links, start, run, true, before, true, behind, false, fail);
}

/* Merges neighbours that are both in lists, which needs fewer registers. */
static __attribute__((__noinline__)) int merge_lists(Link *links, size_t start, size_t run,
                                                     size_t before, size_t behind,
                                                     FastGiveFail *fail)
{
    return merge_large(links, start, run, true, before, true, behind, true, fail);
}

/* Gives back a large run without free neighbours. */
static __attribute__((__noinline__)) int give_large(Link *links, size_t start, size_t run,
                                                    FastGiveFail *fail)
{
    return merge_large(links, start, run, false, 0, false, 0, false, fail);
}

/* Gives back a block in use: merges it with free neighbours, and adds the result to the index. */
static ALWAYS_INLINE int merge(Link *links, size_t start, size_t run, bool is_behind,
                               bool is_before, FastGiveFail *fail)
{
    Heap *heap = fast_heap(links);
    size_t behind = is_behind ? map_length(heap_map(heap), start + run) : 0;
    size_t before = is_before ? map_length_before(heap_map(heap), start) : 0;

    heap->given++;
    heap->headroom += run;
    if (UNLIKELY(before + run + behind >= heap->fast_classes)) {
        return !is_before   ? merge_large_behind(links, start, run, behind, fail)
               : !is_behind ? merge_large_before(links, start, run, before, fail)
               : before < heap->fast_classes && behind < heap->fast_classes
                   ? merge_lists(links, start, run, before, behind, fail)
                   : merge_large_both(links, start, run, before, behind, fail);
    }
    return !is_before   ? merge_small_behind(links, start, run, behind, fail)
           : !is_behind ? merge_small_before(links, start, run, before, fail)
                        : merge_small_both(links, start, run, before, behind, fail);
}

static __attribute__((__noinline__)) int merge_behind(Link *links, size_t start, size_t run,
                                                      FastGiveFail *fail)
{
    return merge(links, start, run, true, false, fail);
}

static __attribute__((__noinline__)) int merge_before(Link *links, size_t start, size_t run,
                                                      FastGiveFail *fail)
{
    return merge(links, start, run, false, true, fail);
}

static __attribute__((__noinline__)) int merge_both(Link *links, size_t start, size_t run,
                                                    FastGiveFail *fail)
{
    return merge(links, start, run, true, true, fail);
}

/* Gives back a block whose end lies beyond the window. free: the window of free bits. */
static __attribute__((__noinline__)) int give_long(Link *links, size_t start, size_t free,
                                                   FastGiveFail *fail)
{
    Heap *heap = fast_heap(links);
    Map map = heap_map(fast_heap(links));
    size_t run;

    if (UNLIKELY((free & 2) != 0)) {
        return fail(links, start, HEAP_FULL);
    }
    run = map_length(map, start);
    if (UNLIKELY(map_is_free(map, start + run))) {
        return (free & 1) != 0 ? merge_both(links, start, run, fail)
                               : merge_behind(links, start, run, fail);
    }
    if (UNLIKELY((free & 1) != 0)) {
        return merge_before(links, start, run, fail);
    }
    heap->given++;
    heap->headroom += run;
    if (UNLIKELY(run >= heap->fast_classes)) {
        return give_large(links, start, run, fail);
    }
    map_set_free(map, start, run);
    fast_insert(links, start, run);
    return 0;
}

int fast_give_other(Link *links, size_t start, size_t run, FastGiven given, FastGiveFail *fail)
{
    switch (given) {
    case FAST_BEHIND:
        return merge_behind(links, start, run, fail);
    case FAST_BEFORE:
        return merge_before(links, start, run, fail);
    case FAST_BOTH:
        return merge_both(links, start, run, fail);
    case FAST_LONG:
        return give_long(links, start, run, fail);
    default:
        return fail(links, start, HEAP_FULL);
    }
}
