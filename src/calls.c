/* SPDX-License-Identifier: MIT
 *
 * Alloc and Free, the two calls that programs make all the time, and their twins on the default
 * region. The common case is done right here, without a lock where the process has one thread; all
 * else is in operations.c. */
#include <errno.h>

#include "heap-fast.h"
#include "misuse.h"
#include "operations.h"

/* The rarer half of a call is in functions of their own, so that it does not cost the common half
 * the registers that it needs. */
static __attribute__((__noinline__)) void *split(Link *links, size_t block, size_t units,
                                                 size_t size)
{
    fast_split(links, block, units, size);
    return &links[block];
}

/* No list has a block for it. */
static __attribute__((__noinline__)) void *take_large(Link *links, size_t units, size_t size)
{
    Heap *heap = fast_heap(links);

    if (LIKELY(heap->fast_classes != 0) && LIKELY(size != 0)) {
        Pos block = heap_take_large(heap, units);

        if (LIKELY(block != 0)) {
            return &links[block];
        }
    }
    return operation_alloc(region_of((Mem_Region *)(void *)links), size);
}

static inline __attribute__((__always_inline__)) void *alloc(Mem_Region *handle, size_t size)
{
    Link *links = (Link *)(void *)handle;
    size_t units = fast_units(links, size);
    size_t list, block;
    uint64_t near;

    if (UNLIKELY(!lock_is_needless())) {
        return operation_alloc(region_of(handle), size);
    }
    if (UNLIKELY(units >= fast_heap(links)->fast_classes)) {
        return take_large(links, units, size);
    }
    near = list_near(fast_heap(links), units);
    if (LIKELY(near != 0)) {
        list = units + bits_lowest(near);
    } else {
        list = list_best_beyond(fast_heap(links), (Pos)units / MAP_WORD_BITS);
        if (UNLIKELY(list == 0)) {
            return take_large(links, units, size);
        }
    }
    if (UNLIKELY(!fast_take(links, units, list, &block))) {
        return operation_alloc_damaged(region_of(handle), units);
    }
    if (UNLIKELY(list != units)) {
        return split(links, block, units, list);
    }
    return &links[block];
}

/* A free neighbour was damaged: the general way sees that, too, and mends it. */
static int give_damaged(Link *links, size_t start, size_t run)
{
    return operation_free_rest(region_of((Mem_Region *)(void *)links), start, run);
}

/* Takes a free neighbour out of the index. */
static inline bool remove_neighbour(Link *links, size_t block, size_t size)
{
    Heap *heap = fast_heap(links);

    if (UNLIKELY(size >= heap->classes)) {
        tree_remove(&heap->tree, (Pos)block);
        return true;
    }
    return fast_remove(links, block, size);
}

/* Ends giving back a run: merges it with what is free behind it and before it, and puts it into the
 * index. */
static __attribute__((__noinline__)) int merge(Link *links, size_t start, size_t run)
{
    Heap *heap = fast_heap(links);
    MapWord *map = fast_map(links);
    size_t next = start + run;
    size_t size = 0;

    if (map_is_free(map, next)) {
        size = map_size(map, next);
        if (UNLIKELY(!remove_neighbour(links, next, size))) {
            return give_damaged(links, start, run);
        }
        map_clear_start(map, next);
        heap->free_blocks--;
        run += size;
        size = 0;
    }
    if ((Pos)start != heap->first) {
        size_t previous = map_previous(map, start);

        size = map_is_free(map, previous) ? start - previous : 0;
    }
    if (size != 0) {
        if (UNLIKELY(!remove_neighbour(links, start - size, size))) {
            return give_damaged(links, start, run);
        }
        map_clear_start(map, start);
        start -= size;
        run += size;
    } else {
        map_set_free(map, start);
        heap->free_blocks++;
    }
    map_put_size(map, (Pos)start, (Pos)run);
    if (UNLIKELY(run >= heap->classes)) {
        tree_insert(&heap->tree, (Pos)start, (Pos)run);
    } else {
        fast_insert(links, start, run);
    }
    return 0;
}

static inline __attribute__((__always_inline__)) int give(Mem_Region *handle, void *pointer)
{
    Link *links = (Link *)(void *)handle;
    size_t block, run;

    if (UNLIKELY(!lock_is_needless()) || UNLIKELY(!fast_block(links, pointer, &block))) {
        return operation_free(region_of(handle), pointer);
    }
    if (UNLIKELY(!fast_give(links, block, &run))) {
        return merge(links, block, run);
    }
    return 0;
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
