/* SPDX-License-Identifier: MIT
 *
 * Spans: adjacent granules, cut into blocks of one class. A caller that changes the heap holds its
 * lock. */
#ifndef MEM_SRC_SPAN_H
#define MEM_SRC_SPAN_H

#include "cache/granule.h"
#include "heap/heap.h"

/* The shape of a class's spans. */
typedef struct SpanShape {
    size_t units;  /* units of a block */
    size_t blocks; /* blocks in a span */
    /* Granules of a span: the fewest that leave over at most a 16th of it; if none of eight lengths
     * does, the one that leaves over the least. */
    size_t granules;
} SpanShape;

SpanShape span_shape(const Granules *granules, size_t size_class);

/* Advances from a granule to the next granule of a span, at or behind it, and sets the shape of
 * that span. Returns false if there is none before the end. */
bool span_next(const Granules *granules, size_t *at, size_t end, SpanShape *shape);

/* Takes a span from the heap, for which it is a block in use, and tags its granules. Sets its first
 * granule. */
HeapResult span_take(const Granules *granules, Heap *heap, unsigned tag, SpanShape shape,
                     size_t *first);

/* Tags the granules of a span. */
void span_set_tags(const Granules *granules, size_t first, SpanShape shape, unsigned tag);

/* Clears the live bits of blocks with remote bits, and then these remote bits. */
void span_collect(const Granules *granules, size_t first, SpanShape shape);

/* Returns whether the program has no block of a span, and no remote bit is set. */
bool span_is_empty(const Granules *granules, size_t first, SpanShape shape);

/* Returns how many blocks of a span the program has. */
size_t span_count_live(const Granules *granules, size_t first, SpanShape shape);

/* Cuts a span into blocks in use of the heap: one for each live block, and one for each run between
 * them, which the caller gives back. Returns how many there are. All caches are hidden
 * meanwhile. */
size_t span_cut(const Granules *granules, Heap *heap, size_t first, SpanShape shape);

#endif
