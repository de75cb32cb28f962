/* SPDX-License-Identifier: MIT
 *
 * The general way of every operation; fast.h has the short way of the two most common ones. */
#include "heap/heap.h"

#include <string.h>

#include "heap/blocks.h"
#include "heap/fence.h"
#include "heap/index.h"

size_t heap_units(const Heap *heap, size_t bytes)
{
    bytes += bytes == 0;
    return ((bytes - 1) | heap->size_mask) / ((size_t)1 << heap->shift) + 1;
}

Pos heap_position(Heap *heap, const void *pointer)
{
    uintptr_t first = (uintptr_t)heap_address(heap, heap->first);
    size_t position = (((uintptr_t)pointer - first) >> heap->shift) + heap->first;

    return (uintptr_t)pointer >= first && position < heap->end ? (Pos)position : 0;
}

Pos heap_block(Heap *heap, const void *pointer)
{
    Map map = heap_map(heap);
    Pos position = heap_position(heap, pointer);

    if (position == 0 || heap_address(heap, position) != pointer || !map_is_start(map, position) ||
        map_is_free(map, position)) {
        return 0;
    }
    return position;
}

Pos heap_block_around(Heap *heap, Pos position)
{
    Map map = heap_map(heap);
    /* Starts at or below the position, in its own word. */
    uint64_t starts = map_load_word(map.starts, position) & (bits_mask(position) * 2 - 1);

    position &= ~(Pos)(MAP_WORD_BITS - 1);
    while (starts == 0 && position > heap->first) {
        position -= MAP_WORD_BITS;
        starts = map_load_word(map.starts, position);
    }
    return starts == 0 ? heap->first : position + (Pos)bits_highest(starts);
}

/* Lets fast.h serve a heap whose units have the usual size. */
static void allow_fast(Heap *heap)
{
    bool is_usual = heap->shift == UNIT_SHIFT;

    heap->fast_classes = is_usual ? heap->classes : 0;
    heap->fast_end = is_usual ? heap->end : 0;
}

void heap_init(Heap *heap)
{
    Pos size = heap->end - heap->first;

    heap->broken = false;
    allow_fast(heap);
    index_clear(heap);
    heap->peak = 0;
    heap->headroom = 0;
    heap->blocks = (Pos)heap_used_blocks(heap) + 1;
    map_set_start(heap_map(heap), heap->end);
    blocks_make_free(heap, heap->first, size);
    if (!index_is_large(heap, size)) {
        blocks_note_touched(heap, heap->end);
    }
    fence_set(heap_address(heap, heap->end));
}

void heap_clear_map(Heap *heap)
{
    Map map = heap_map(heap);
    size_t from = (size_t)heap->first - MAP_WORD_BITS;

    unsigned char *begin = map_word(map.starts, from);

    /* No block starts beyond the memory that was ever used, except at the fence. Free bits are
     * undefined where no block starts or ends. */
    memset(begin, 0, (size_t)(map_word(map.starts, heap->clean) - begin) + MAP_WORD_BYTES);
    map_clear_bit(map.free, heap->first - 1);
    map_clear_bit(map.free, heap->end);
}

/* Returns whether a block starts at a position, and both its ends agree. */
static bool block_holds(Heap *heap, Pos block)
{
    Map map = heap_map(heap);
    Pos next = heap_next(heap, block);

    return map_is_start(map, block) && map_is_start(map, next) &&
           map_size(map, block) == next - block && map_previous(map, next) == block &&
           map_is_free(map, block) == map_is_free(map, next - 1);
}

bool heap_map_holds(Heap *heap)
{
    Map map = heap_map(heap);
    bool was_free = false;

    for (Pos block = heap->first; block != heap->end; block = heap_next(heap, block)) {
        bool is_free = map_is_free(map, block);

        if (!block_holds(heap, block) || (was_free && is_free)) {
            return false;
        }
        was_free = is_free;
    }
    return !map_is_free(map, heap->first - 1) && !map_is_free(map, heap->end);
}

void heap_break(Heap *heap)
{
    heap->broken = true;
    heap->fast_classes = heap->fast_end = 0;
    heap->clean = heap->open;
    index_clear(heap);
}

bool heap_rebuild(Heap *heap)
{
    Map map = heap_map(heap);
    Pos next;

    if (!heap_map_holds(heap)) {
        return false;
    }
    index_clear(heap);
    heap->headroom = heap->peak;
    heap->given = heap->taken;
    heap->blocks = 0;
    for (Pos block = heap->first; block != heap->end; block = next) {
        next = heap_next(heap, block);
        heap->blocks++;
        if (map_is_free(map, block)) {
            index_insert(index_of(heap), block, next - block);
        } else {
            heap->headroom -= next - block;
            heap->given--;
        }
    }
    return true;
}

Pos heap_find_damaged(Heap *heap)
{
    Map map = heap_map(heap);
    Pos suspect = 0;
    Pos next;

    for (Pos block = heap->first; block != heap->end; block = next) {
        const Link *link = heap_link(heap, block, heap->shift);
        Pos size;

        next = heap_next(heap, block);
        size = next - block;
        if (!map_is_free(map, block) || index_is_large(heap, size)) {
            continue;
        }
        if (!list_may_lead_to(heap, link->next, size) ||
            !list_may_lead_to(heap, link->previous, size)) {
            return block;
        }
        /* If two do not point at each other, either may be the damaged one. */
        if (suspect == 0 && !list_links_hold(heap, block, heap->shift)) {
            suspect = block;
        }
    }
    return suspect;
}

HeapResult heap_take(Heap *heap, size_t units, Pos *block)
{
    Index index = index_of(heap);
    size_t size_class;

    *block = 0;
    if (units > heap->end - heap->first) {
        return HEAP_FULL;
    }
    size_class = index_class(index, units);
    if (size_class == 0) {
        return HEAP_FULL;
    }
    if (size_class >= heap->classes) {
        return blocks_take_large(index, units, size_class, block);
    }
    *block = heap_link(heap, size_class, heap->shift)->next;
    if (!heap_confirms(heap, *block, size_class) || !index_remove(index, *block, (Pos)size_class)) {
        return HEAP_DAMAGED;
    }
    blocks_split(heap, *block, (Pos)size_class, (Pos)units);
    blocks_count_use(heap, (Pos)units);
    heap->taken++;
    return HEAP_OK;
}

HeapResult heap_give(Heap *heap, Pos block)
{
    Pos size = map_size(heap_map(heap), block);

    if (UNLIKELY(heap->broken)) {
        return HEAP_OK;
    }
    heap->headroom += size;
    heap->given++;
    return heap_give_rest(heap, block, size);
}

HeapResult heap_give_rest(Heap *heap, Pos run, Pos size)
{
    bool sound = blocks_merge_next(heap, run, &size);

    if (sound && blocks_previous_is_free(heap, run)) {
        Pos previous = map_previous(heap_map(heap), run);

        sound = index_remove(index_of(heap), previous, run - previous);
        if (sound) {
            map_clear_start(heap_map(heap), run);
            heap->blocks--;
            size += run - previous;
            run = previous;
        }
    }
    if (!sound) {
        /* The map keeps it as a block in use, perhaps a longer one by now. */
        blocks_make_used(heap, run, size);
        return HEAP_DAMAGED;
    }
    blocks_make_free(heap, run, size);
    return HEAP_OK;
}

Pos heap_largest_free(Heap *heap)
{
    Index index = index_of(heap);
    size_t size_class = classes_last(heap);

    return size_class < heap->classes ? (Pos)size_class : index_largest_of_class(index, size_class);
}
