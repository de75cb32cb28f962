/* SPDX-License-Identifier: MIT
 *
 * A region as its program sees it: blocks in use, and maximal free runs between them, whether the heap or a cache
 * has these. Nothing is moved. The caller has locked the heap, and hidden all caches. */
#ifndef MEM_SRC_VIEW_H
#define MEM_SRC_VIEW_H

#include "cache/granule.h"
#include "heap/heap.h"

typedef struct View {
    Heap *heap;
    const Granules *granules; /* NULL: the region has no caches */
    Pos at; /* where the next block or run begins; the heap's end: there is none */
} View;

typedef struct ViewBlock {
    Pos start;   /* position */
    Pos units;   /* its size, 1 or more */
    bool in_use; /* the program has it; or it is free, in the heap or in a span */
} ViewBlock;

/* A view from the first block on. */
static inline View view_of(Heap *heap, const Granules *granules)
{
    return (View){heap, granules, heap->first};
}

/* The next block of the program's, or the next free run. False: there is none. */
bool view_next(View *view, ViewBlock *block);

/* The block of the program's that a position lies in, or what is free around it in the same span, or in the heap. Takes
 * time in proportion to its size. */
ViewBlock view_around(View view, Pos position);

/* Granules up to where blocks were ever handed out. */
static inline size_t view_granules(const Heap *heap)
{
    return granule_of((size_t)heap->clean + GRANULE_UNITS - 1);
}

/* What spans and the heap have together. */
typedef struct ViewTotals {
    size_t spans;        /* of all caches */
    size_t span_units;   /* units of these, which are in use for the heap */
    size_t live_blocks;  /* blocks of the program's in these */
    size_t live_units;   /* units of those blocks */
    size_t free_runs;    /* in the whole region, no two of them side by side */
    size_t largest_free; /* units of the longest of these */
} ViewTotals;

/* Adds up what the spans of all caches have. Takes time in proportion to the granules that were ever in use. */
ViewTotals view_totals(View view);

#endif
