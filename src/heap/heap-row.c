/* SPDX-License-Identifier: MIT
 *
 * Several blocks of the same size, side by side, at positions that are multiples of a number. */
#include "heap/blocks.h"
#include "heap/heap.h"
#include "heap/index.h"

/* Units from a position to the next multiple. */
static size_t units_to_multiple(size_t position, size_t multiple)
{
    return -position & (multiple - 1);
}

/* Finds a free block with room for so many units from a multiple on: one of the best fits that happens to lie right; else
 * one that is larger by the multiple, for `wanted` units, or for as many as must be. Returns its size, or 0. */
static Pos find(Heap *heap, size_t units, size_t wanted, size_t multiple, Pos *block)
{
    enum { TRIES = 4 };
    size_t least = units;
    Pos size = 0;

    for (int tries = 0; tries < TRIES; tries++) {
        size = index_best(index_of(heap), least, block);
        if (size == 0 || units_to_multiple(*block, multiple) + units <= size) {
            return size;
        }
        least = (size_t)size + 1;
    }
    size = index_best(index_of(heap), wanted + multiple - 1, block);
    return size != 0 ? size : index_best(index_of(heap), units + multiple - 1, block);
}

/* Makes blocks in use of the front of a run, of which no block covers anything, and a free one of the rest.
 *
 *   [            run            ]   =>   [ in use ][ in use ][ in use ][ rest free ]
 */
static void split_row(Heap *heap, Pos run, Pos size, Pos units, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        blocks_make_used(heap, run, units);
        run += units;
        size -= units;
    }
    blocks_split(heap, run, size, units);
    heap->blocks += (Pos)count - 1;
    heap->taken += count;
    blocks_count_use(heap, count * units);
}

/* How many blocks of so many units fit into the front of a run that is open, up to a count. */
static size_t count_fitting(const Heap *heap, Pos run, Pos size, size_t units, size_t count)
{
    size_t room = size < heap->open - run ? size : heap->open - run;

    return room / units < count ? room / units : count;
}

HeapResult heap_take_row(Heap *heap, size_t units, size_t count, size_t multiple, Pos *first,
                         size_t *got)
{
    Pos run = 0;
    Pos size = find(heap, units, units * count, multiple, &run);
    Pos gap = (Pos)units_to_multiple(run, multiple);

    *got = 0;
    if (size == 0) {
        return HEAP_FULL;
    }
    if (!heap_confirms(heap, run, size)) {
        return HEAP_DAMAGED;
    }
    if (!blocks_is_open(heap, run + gap + units)) {
        return HEAP_CLOSED;
    }
    if (!index_remove(index_of(heap), run, size)) {
        return HEAP_DAMAGED;
    }
    *got = count_fitting(heap, run + gap, size - gap, units, count);
    split_row(heap, run + gap, size - gap, (Pos)units, *got);
    if (gap != 0) {
        blocks_make_free(heap, run, gap);
        heap->blocks++;
    }
    *first = run + gap;
    return HEAP_OK;
}
