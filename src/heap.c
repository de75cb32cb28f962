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

/* Lets heap-fast.h work on a heap if it can. */
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

    /* No block starts beyond what was ever touched, but the fence. What tells whether blocks are
     * free means nothing where none starts or ends. */
    memset(begin, 0, (size_t)(map_word(map.starts, heap->clean) - begin) + MAP_WORD_BYTES);
    map_clear_bit(map.free, heap->first - 1);
    map_clear_bit(map.free, heap->end);
}

/* Whether a block starts at a position, and is the same from both its ends. */
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
        /* Where two do not point at each other, either may be the one. */
        if (suspect == 0 && !list_links_hold(heap, block, heap->shift)) {
            suspect = block;
        }
    }
    return suspect;
}

/* Takes the smallest free block of so many units out of the index, if its front is open. */
static HeapResult take_best(Heap *heap, size_t units, Pos *block, Pos *size)
{
    Index index = index_of(heap);

    *size = index_best(index, units, block);
    if (*size == 0) {
        return HEAP_FULL;
    }
    if (!heap_confirms(heap, *block, *size)) {
        return HEAP_DAMAGED;
    }
    if (!blocks_is_open(heap, *block + units)) {
        return HEAP_CLOSED;
    }
    return index_remove(index, *block, *size) ? HEAP_OK : HEAP_DAMAGED;
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

static void reverse(Pos *rounds, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        Pos round = rounds[i];

        rounds[i] = rounds[count - 1 - i];
        rounds[count - 1 - i] = round;
    }
}

/* Makes as many blocks in use of the front of a run as are wanted, fit and are open, and a free block of the
 * rest.
 *
 *   [          run          ]   =>   [ in use ][ in use ][ in use ][ rest free ]
 */
static size_t split_rounds(Heap *heap, Pos run, Pos size, Pos units, size_t count, Pos *rounds)
{
    size_t made = 0;

    Pos open = size < heap->open - run ? size : heap->open - run;

    if (count > open / units) {
        count = open / units;
    }
    for (; made < count - 1; made++) {
        blocks_make_used(heap, run, units);
        rounds[made] = run;
        run += units;
        size -= units;
    }
    blocks_split(heap, run, size, units);
    rounds[made++] = run;
    heap->blocks += (Pos)made - 1;
    heap->taken += made;
    blocks_count_use(heap, made * units);
    return made;
}

HeapResult heap_take_rounds(Heap *heap, size_t units, size_t count, Pos *rounds, size_t *taken)
{
    HeapResult result = HEAP_OK;

    *taken = 0;
    while (*taken < count) {
        Pos block, size;

        result = take_best(heap, units, &block, &size);
        if (result != HEAP_OK) {
            break;
        }
        *taken += split_rounds(heap, block, size, (Pos)units, count - *taken, rounds + *taken);
    }
    reverse(rounds, *taken);
    return result;
}

/* They are few, and often in order: blocks that are allocated one after the other are often freed so, or
 * the other way round. */
void heap_sort_rounds(Pos *rounds, size_t count)
{
    if (count != 0 && rounds[0] > rounds[count - 1]) {
        reverse(rounds, count);
    }
    for (size_t i = 1; i < count; i++) {
        Pos round = rounds[i];
        size_t at = i;

        for (; at != 0 && rounds[at - 1] > round; at--) {
            rounds[at] = rounds[at - 1];
        }
        rounds[at] = round;
    }
}

size_t heap_join_rounds(Heap *heap, size_t units, const Pos *rounds, size_t count)
{
    Map map = heap_map(heap);
    size_t end = rounds[0] + units;
    size_t joined = 1;

    for (; joined < count && rounds[joined] == end; joined++) {
        map_clear_start(map, end);
        end += units;
    }
    map_put_size(map, rounds[0], end - rounds[0]);
    heap->blocks -= (Pos)joined - 1;
    heap->given += joined - 1;
    return joined;
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
        /* Still a block in use for the map, though perhaps a longer one by now. */
        blocks_make_used(heap, run, size);
        return HEAP_DAMAGED;
    }
    blocks_make_free(heap, run, size);
    return HEAP_OK;
}

Pos heap_largest_free(Heap *heap)
{
    Index index = index_of(heap);
    size_t size_class = index_last(heap);

    return size_class < heap->classes ? (Pos)size_class : index_largest_of_class(index, size_class);
}
