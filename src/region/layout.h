/* SPDX-License-Identifier: MIT
 *
 * Where the parts of a region lie, and how many blocks fit: arithmetic only.
 *
 *   mapped by us:
 *   | guard page | caches' | nodes | starts | free | Region | heads | guard | heap: blocks …  fence | guard page |
 *
 *   in the caller's memory:
 *   | caches' | nodes | starts | free | Region | heads | (gap) | heap: blocks …  fence |
 *
 *   caches':
 *   | pool | live | remote | listed | posted | tags | offsets |     and Caches before the Region
 *
 * starts and free are the map. There are nodes in small regions only: see tree.h; and what caches need, in
 * large ones only: see granule.h. The pages of all strings and tables that stand for memory not used yet are
 * never touched. */
#ifndef MEM_SRC_LAYOUT_H
#define MEM_SRC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/heap.h"
#include "heap/index.h"

/* All in bytes from the start of the memory, unless it says units. */
typedef struct Layout {
    size_t total; /* of the memory */
    size_t front; /* where the parts begin: behind the first guard page, if there is one */
    size_t pool;  /* bytes of the pool of caches, which comes first of them; 0: there are none */
    size_t live, remote;                  /* strings of bits, where position 0 is */
    size_t listed, posted, tags, offsets; /* tables, where granule 0 is */
    size_t nodes;                         /* of trees, in slots */
    size_t starts; /* the strings of the map, from the word before that of the first block */
    size_t free;
    size_t region; /* the Region structure, with the Heap; before it Caches, if there is a pool */
    size_t heads;  /* of the classes */
    size_t guard;  /* the guard before the heap, of 2 MiB; where the heap starts if there is none */
    size_t heap;   /* the first block */
    size_t end_guard;         /* the guard page behind the heap; = total if there is none */
    size_t alignment;         /* of every block */
    unsigned shift;           /* a unit is 1 << shift bytes */
    Pos classes, head_count;  /* as classes and heads in Heap */
    bool has_nodes_in_words;  /* nodes are in the Heap's bit array */
    size_t granule_alignment; /* bytes that the heads' length is a multiple of, with a pool */
    bool pooled;              /* it has a pool if it is large enough */
    Pos first, end;           /* units, as in Heap */
} Layout;

/* Size in whole pages, or in whole anything that is a power of two. */
static inline size_t layout_round_up(size_t size, size_t multiple)
{
    return (size + multiple - 1) & ~(multiple - 1);
}

/* A run of whole pages that are not opened yet. Offsets as in Layout; empty where begin = end. */
typedef struct Hole {
    size_t begin, end; /* multiples of a page */
} Hole;

/* In this order. */
enum {
    HOLE_POOL,
    HOLE_LIVE,
    HOLE_REMOTE,
    HOLE_LISTED,
    HOLE_POSTED,
    HOLE_TAGS,
    HOLE_OFFSETS,
    HOLE_STARTS,
    HOLE_FREE,
    HOLE_HEAP,
    HOLES
};

/* Bytes: memory is opened up to addresses that are multiples of this, as huge pages are. */
#define LAYOUT_STEP ((size_t)2 << 20)

/* Tells what is not open of a mapping whose heap is open up to a position. */
void layout_holes(const Layout *layout, Pos open, size_t page, Hole *holes);

/* Bytes of the pool that are open then. */
size_t layout_open_pool(const Layout *layout, Pos open, size_t page);

/* Up to where a heap is to be open so that so many bytes of it are, of a region mapped at an address. */
Pos layout_open_end(const Layout *layout, uintptr_t memory, size_t bytes);

/* Places the parts in front of a heap of so many units, for a number of classes, with up to `space`
 * units between the heads and the first block. */
void layout_place_front(Layout *layout, Pos classes, size_t units, size_t space);

/* Lays out a region of our own mapping for size bytes of heap, 1 to PTRDIFF_MAX. pooled: with
 * a pool for caches, if such a heap has one. */
void layout_mapped(Layout *layout, size_t size, size_t alignment, size_t page, bool pooled);

/* Lays out a region in size bytes at an address. False if they are too few. */
bool layout_inside(Layout *layout, uintptr_t address, size_t size, size_t alignment, bool pooled);

/* How large sizes fall into bins where so many sizes have lists. */
Bins layout_bins(Pos classes);

/* Gives a heap at its place the shape of a layout. */
void layout_shape_heap(const Layout *layout, Heap *heap);

#endif
