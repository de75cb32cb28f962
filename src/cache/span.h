/* SPDX-License-Identifier: MIT
 *
 * Spans: so many granules side by side, cut into blocks of one class. Where the heap is changed, the caller
 * has its lock. */
#ifndef MEM_SRC_SPAN_H
#define MEM_SRC_SPAN_H

#include "cache/granule.h"
#include "heap/heap.h"

/* How the spans of a class are cut. */
typedef struct SpanShape {
    size_t units;  /* of a block */
    size_t blocks; /* in a span */
    /* Granules of a span: the fewest with which at most a 16th of it is left over; or, of eight lengths, the one with which
     * the least is. */
    size_t granules;
} SpanShape;

SpanShape span_shape(const Granules *granules, size_t size_class);

/* Goes on from a granule to the first one of the next span, if it is not one, and tells its shape. False: there is no span
 * before the end. */
bool span_next(const Granules *granules, size_t *at, size_t end, SpanShape *shape);

/* Takes a span from the heap, which has it as a block in use, and says whose it is. Tells its first granule. */
HeapResult span_take(const Granules *granules, Heap *heap, unsigned tag, SpanShape shape,
                     size_t *first);

/* Says whose the granules of a span are. */
void span_set_tags(const Granules *granules, size_t first, SpanShape shape, unsigned tag);

/* Clears the live bits of blocks with remote bits, and these. */
void span_collect(const Granules *granules, size_t first, SpanShape shape);

/* Whether the program has no block of a span, and nothing is to be collected. */
bool span_is_empty(const Granules *granules, size_t first, SpanShape shape);

/* How many blocks of a span the program has. */
size_t span_count_live(const Granules *granules, size_t first, SpanShape shape);

/* Cuts a span into blocks in use of the heap: one for each block that the program has, which are those with live
 * bits, and one for each run between them, to be given back by the caller. Returns how many they are. The caller
 * keeps all caches from being used. */
size_t span_cut(const Granules *granules, Heap *heap, size_t first, SpanShape shape);

#endif
