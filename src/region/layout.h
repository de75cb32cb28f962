/* SPDX-License-Identifier: MIT
 *
 * The layout of a region: where its parts lie, and how many blocks fit. Arithmetic only.
 *
 *   mapped by libmem:
 *   | guard page | caches' | nodes | starts | free | Region | heads | guard | heap: blocks …  fence | guard page |
 *
 *   in the caller's memory:
 *   | caches' | nodes | starts | free | Region | heads | (gap) | heap: blocks …  fence |
 *
 *   caches':
 *   | pool | live | remote | listed | posted | tags | offsets |     and Caches before the Region
 *
 * starts and free are the map. Only small regions have nodes here (see tree.h), and only large ones
 * the parts of caches (see granule.h). Pages of strings and tables that describe unused memory are
 * never touched. */
#ifndef MEM_SRC_LAYOUT_H
#define MEM_SRC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/heap.h"
#include "heap/index.h"

/* Offsets and sizes in bytes from the start of the memory, unless units are named. */
typedef struct Layout {
    size_t total;        /* size of the memory */
    size_t front;        /* where the parts begin: behind the first guard page, if any */
    size_t pool;         /* bytes of the pool, the first part of caches; 0: no caches */
    size_t live, remote; /* bit strings, at position 0 */
    size_t listed, posted, tags, offsets; /* tables, at granule 0 */
    size_t nodes;                         /* nodes of trees, in slots */
    size_t starts; /* strings of the map, from the word before that of position 0 */
    size_t free;
    size_t region;    /* Region with its Heap; Caches lies before it, if there is a pool */
    size_t heads;     /* heads of the classes */
    size_t guard;     /* guard of 2 MiB before the heap; the end of the heads if there is none */
    size_t heap;      /* the first block */
    size_t end_guard; /* guard page behind the heap; = total if there is none */
    size_t alignment; /* bytes: of every block */
    unsigned shift;   /* a unit is 1 << shift bytes */
    Pos classes, head_count;  /* as classes and heads in Heap */
    bool has_nodes_in_words;  /* nodes are in the Heap's bit array */
    size_t granule_alignment; /* bytes: the length of the heads is a multiple, with a pool */
    bool pooled;              /* a pool is wanted, if the region is large enough */
    Pos first, end;           /* positions, as in Heap */
} Layout;

/* Rounds a size up to a multiple of a power of two. */
static inline size_t layout_round_up(size_t size, size_t multiple)
{
    return (size + multiple - 1) & ~(multiple - 1);
}

/* A run of whole pages that are not open. Offsets as in Layout; empty if begin = end. */
typedef struct Hole {
    size_t begin, end; /* bytes, multiples of a page */
} Hole;

/* Numbers of holes, in the order of their addresses. */
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

/* Bytes: memory is opened up to multiples of this, the size of a huge page. */
#define LAYOUT_STEP ((size_t)2 << 20)

/* Sets the holes of a mapping whose heap is open up to a position. */
void layout_holes(const Layout *layout, Pos open, size_t page, Hole *holes);

/* Returns the bytes of the pool that are open then. */
size_t layout_open_pool(const Layout *layout, Pos open, size_t page);

/* Returns the position up to which a heap, mapped with its region at an address, must be open so
 * that `bytes` bytes of it are. */
Pos layout_open_end(const Layout *layout, uintptr_t memory, size_t bytes);

/* Places the parts before a heap of `units` units with `classes` lists, with up to `space` units
 * between the heads and the first block. */
void layout_place_front(Layout *layout, Pos classes, size_t units, size_t space);

/* Lays out a mapped region for size bytes of heap, 1 to PTRDIFF_MAX. pooled: with a pool, if such a
 * heap has one. */
void layout_mapped(Layout *layout, size_t size, size_t alignment, size_t page, bool pooled);

/* Lays out a region in size bytes at an address. Returns false if they are too few. */
bool layout_inside(Layout *layout, uintptr_t address, size_t size, size_t alignment, bool pooled);

/* Returns how large sizes map to bins in a heap with `classes` lists. */
Bins layout_bins(Pos classes);

/* Sets the shape of a heap according to a layout. */
void layout_shape_heap(const Layout *layout, Heap *heap);

#endif
