/* SPDX-License-Identifier: MIT
 *
 * The general way of every operation; heap-fast.h has the short one for the most common two. */
#include "heap.h"

#include <string.h>

#include "blocks.h"
#include "fence.h"
#include "index.h"

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
    MapWord *map = heap_map(heap);
    Pos position = heap_position(heap, pointer);

    if (position == 0 || heap_address(heap, position) != pointer || !map_is_start(map, position) ||
        map_is_free(map, position)) {
        return 0;
    }
    return position;
}

Pos heap_block_around(Heap *heap, Pos position)
{
    MapWord *word = map_word(heap_map(heap), position);
    /* Starts at or below the position, in its own word. */
    uint64_t starts = word->starts & (bits_mask(position) * 2 - 1);

    position &= ~(Pos)(MAP_WORD_BITS - 1);
    while (starts == 0) {
        position -= MAP_WORD_BITS;
        starts = (word = map_before(word))->starts;
    }
    return position + (Pos)bits_highest(starts);
}

void heap_init(Heap *heap)
{
    MapWord *map = heap_map(heap);
    Pos size = heap->end - heap->first;

    index_clear(heap);
    heap->in_use = heap->peak = 0;
    map_set_start(map, heap->end);
    blocks_make_free(heap, heap->first, size);
    if (!index_is_large(heap, size)) {
        blocks_note_touched(heap, heap->end);
    }
    fence_set(heap_address(heap, heap->end));
}

void heap_clear_map(Heap *heap)
{
    size_t words = (size_t)heap->clean / MAP_WORD_BITS + 1;

    /* No block starts beyond what was ever touched, but the fence. */
    memset(heap_map(heap) - (words - 1), 0, words * sizeof(MapWord));
}

void heap_rebuild(Heap *heap)
{
    MapWord *map = heap_map(heap);
    Pos size;

    index_clear(heap);
    heap->in_use = 0;
    heap->given = heap->taken;
    for (Pos block = heap->first; block != heap->end; block += size) {
        size = map_size(map, block);
        if (!map_is_free(map, block)) {
            heap->in_use += size;
            heap->given--;
            continue;
        }
        index_insert(heap, block, size);
    }
}

/* Whether a link could be one of a free block of a size: it leads to the head of that list, or to
 * another free block of that size. */
static bool is_plausible(Heap *heap, Pos link, Pos size)
{
    return link == size || blocks_is_free(heap, link, size);
}

Pos heap_find_damaged(Heap *heap)
{
    MapWord *map = heap_map(heap);
    Pos suspect = 0;
    Pos size;

    for (Pos block = heap->first; block != heap->end; block += size) {
        const Link *link = heap_link(heap, block, heap->shift);

        size = map_size(map, block);
        if (!map_is_free(map, block) || index_is_large(heap, size)) {
            continue;
        }
        if (!is_plausible(heap, link->next, size) || !is_plausible(heap, link->previous, size)) {
            return block;
        }
        /* Where two do not point at each other, either may be the one. */
        if (suspect == 0 && !list_links_hold(heap, block, heap->shift)) {
            suspect = block;
        }
    }
    return suspect;
}

Pos heap_take_large(Heap *heap, size_t units)
{
    const TreeNode *node = units <= heap->end ? tree_best(&heap->tree, (Pos)units) : NULL;
    Pos block, size, rest;

    if (node == NULL) {
        return 0;
    }
    block = node->start;
    size = node->size;
    rest = size - (Pos)units;
    if (index_is_large(heap, rest)) {
        /* From the front of a large block that stays large: the index has the least to do. */
        tree_trim(&heap->tree, block, (Pos)units);
        blocks_declare_free(heap, block + (Pos)units, rest);
        blocks_make_used(heap, block, (Pos)units);
        blocks_note_touched(heap, block + (Pos)units);
    } else {
        tree_remove(&heap->tree, block);
        heap->free_blocks--;
        blocks_split(heap, block, size, (Pos)units);
    }
    blocks_count_use(heap, (Pos)units);
    heap->taken++;
    return block;
}

HeapResult heap_take(Heap *heap, size_t units, Pos *block)
{
    Pos size = index_is_large(heap, units) ? 0 : list_best(heap, (Pos)units);

    if (size == 0) {
        *block = heap_take_large(heap, units);
        return *block == 0 ? HEAP_FULL : HEAP_OK;
    }
    *block = heap_link(heap, size, heap->shift)->next;
    if (!blocks_is_free(heap, *block, size) || !index_remove(heap, *block, size)) {
        return HEAP_DAMAGED;
    }
    blocks_split(heap, *block, size, (Pos)units);
    blocks_count_use(heap, (Pos)units);
    heap->taken++;
    return HEAP_OK;
}

HeapResult heap_give(Heap *heap, Pos block)
{
    Pos size = map_size(heap_map(heap), block);

    heap->in_use -= size;
    heap->given++;
    return heap_give_rest(heap, block, size);
}

HeapResult heap_give_rest(Heap *heap, Pos run, Pos size)
{
    Pos previous;
    bool sound = blocks_merge_next(heap, run, &size);

    if (sound && blocks_previous_is_free(heap, run, &previous)) {
        sound = index_remove(heap, previous, run - previous);
        if (sound) {
            map_clear_start(heap_map(heap), run);
            size += run - previous;
            run = previous;
        }
    }
    if (!sound) {
        /* Still a block in use for the map, though perhaps a longer one by now. */
        map_put_size(heap_map(heap), run, size);
        return HEAP_DAMAGED;
    }
    blocks_make_free(heap, run, size);
    return HEAP_OK;
}

Pos heap_largest_free(Heap *heap)
{
    const TreeNode *node = tree_largest(&heap->tree);
    size_t word;

    if (node != NULL) {
        return node->size;
    }
    if (heap->summary == 0) {
        return 0;
    }
    word = bits_highest(heap->summary);
    return (Pos)(word * MAP_WORD_BITS + bits_highest(heap->words[word]));
}
