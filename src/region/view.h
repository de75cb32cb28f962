/* SPDX-License-Identifier: MIT
 *
 * A view of a region as its program sees it: blocks in use, and maximal free runs between them,
 * whether the heap or a cache has them. Nothing is moved. The caller has locked the region, and
 * hidden all caches. */
#ifndef MEM_SRC_VIEW_H
#define MEM_SRC_VIEW_H

#include "cache/granule.h"
#include "heap/heap.h"

typedef struct View {
    Heap *heap;
    const Granules *granules; /* NULL: the region has no caches */
    Pos at;                   /* position of the next block or run; the heap's end: none is left */
} View;

typedef struct ViewBlock {
    Pos start;   /* position */
    Pos units;   /* size, at least 1 */
    bool in_use; /* true: the program has it; false: free, in the heap or in a span */
} ViewBlock;

/* Returns a view that starts at the first block. */
static inline View view_of(Heap *heap, const Granules *granules)
{
    return (View){heap, granules, heap->first};
}

/* Moves to the next block of the program or the next free run. Returns false at the end. */
bool view_next(View *view, ViewBlock *block);

/* Returns the program's block around a position, or the free run around it in the same span, or in
 * the heap. Takes time in proportion to its size. */
ViewBlock view_around(View view, Pos position);

/* Returns the granules up to the end of the memory that was ever in use. */
static inline size_t view_granules(const Heap *heap)
{
    return granule_of((size_t)heap->clean + GRANULE_UNITS - 1);
}

/* Totals of the spans and the heap. */
typedef struct ViewTotals {
    size_t spans;        /* spans of all caches */
    size_t span_units;   /* units of these spans, which are in use for the heap */
    size_t live_blocks;  /* the program's blocks in these spans */
    size_t live_units;   /* units of those blocks */
    size_t free_runs;    /* maximal free runs of the whole region */
    size_t largest_free; /* units of the longest of these */
} ViewTotals;

/* Adds up all spans and the heap. Takes time in proportion to the granules that were ever in
 * use. */
ViewTotals view_totals(View view);

#endif
