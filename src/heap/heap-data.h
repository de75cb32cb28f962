/* SPDX-License-Identifier: MIT
 *
 * The data of a heap: the Heap structure, and the places of its parts.
 *
 * Positions count units from the heads of the index, which lie right after the Heap structure. The
 * head of class n is at position n, and blocks are at positions from `first` on. So one comparison
 * bounds a link:
 *
 *   position          0   1   2  …            first                          end
 *   …|owner's|Heap   |heads, one each class|  (guard)  |blocks …            |fence|
 *
 * Everything else lies at a distance from the heads that the Heap knows. A heap contains no
 * absolute addresses. */
#ifndef MEM_SRC_HEAP_DATA_H
#define MEM_SRC_HEAP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/map.h"
#include "heap/shelf.h"
#include "heap/tree.h"

enum {
    FENCE_BYTES = 16, /* after the last block */
    CLASSES_MIN = 64, /* sizes that have a list each: a power of two */
    CLASSES_MAX = 2048,
    SLOTS_BELOW = 512,  /* heaps with fewer classes have nodes in slots, others in the map */
    SHELVES_FACTOR = 4, /* shelves reach up to this multiple of the classes; none with slots */
    SHELVES_MAX = ((SHELVES_FACTOR - 1) * CLASSES_MAX) >> SHELF_SHIFT,
    OCTAVES_MAX = 32 - 13, /* octaves of sizes from SHELVES_FACTOR * CLASSES_MAX on */
    BIN_SHIFT_MAX = 5,     /* 32 bins an octave; 4 with slots */
    BIN_SHIFT_MIN = 2,
    HEADS_MAX = CLASSES_MAX + SHELVES_MAX + (OCTAVES_MAX << BIN_SHIFT_MAX),
    INDEX_WORDS = HEADS_MAX / MAP_WORD_BITS + 1,
    HEAP_OWNER_BYTES = 240 /* before the Heap, for data of its owner */
};

/* The links of a free list: the first 8 bytes of each free block of less than `classes` units. The
 * head of a list is a Link, too. For the heads of shelves and bins see shelf.h and bin.h. */
typedef struct Link {
    Pos next, previous; /* positions: of free blocks of this size, or of the head */
#if HEAP_UNIT_SHIFT > 3
    /* Pads a link to a unit, so that links have positions. */
    unsigned char rest[(1 << HEAP_UNIT_SHIFT) - 2 * sizeof(Pos)];
#endif
} __attribute__((__may_alias__)) Link;

_Static_assert(sizeof(Link) == UNIT_BYTES, "a link is a unit");

typedef struct Heap {
    size_t fast_classes; /* classes; 0 if fast.h does not serve this heap */
    size_t fast_end;     /* end; likewise 0 */
    size_t size_mask;    /* alignment - 1 in bytes: (bytes - 1 | size_mask) / unit + 1 rounds up */
    ptrdiff_t starts;    /* bytes from the heads to the starts bit of position 0 */
    ptrdiff_t free;      /* bytes from the heads to the free bit of position 0 */
    Pos classes;         /* blocks of fewer units are in lists */
    Pos heads;           /* lists, shelves and bins in all */
    ptrdiff_t nodes;     /* bytes from the heads to the node of position 0 */
    /* As in Tree. */
    unsigned char bin_shift, slot_shift, node_bytes;
    bool broken; /* the map contradicts itself: the heap hands out and changes nothing */
    Pos shelves_end, shelf_bias, bin_bias; /* as in Bins */
    unsigned shift;                        /* a unit is 1 << shift bytes */
    Pos first;                             /* position of the first block */
    Pos end;                               /* position past the last block: the fence */
    Pos clean;       /* position: memory from here on was never in use, and holds no links */
    Pos open;        /* position: blocks may be written to before it; at most end */
    Pos wanted;      /* after HEAP_CLOSED: the least `open` that serves the request */
    Pos peak;        /* units: the most that were in use at a time */
    Pos blocks;      /* blocks in use and free */
    size_t headroom; /* units: peak - those in use */
    uint64_t taken;  /* blocks ever taken; would overflow 32 bits */
    uint64_t given;  /* blocks ever given back; at most taken */
    /* Bit k of all words is set if words[k] is not 0. */
    uint64_t summary;
    /* Bit n of all words is set if class n holds blocks. Small heaps use the unneeded words for
     * nodes. Aligned as nodes and the heads behind must be. */
    _Alignas(UNIT_BYTES) uint64_t words[INDEX_WORDS];
} Heap; /* the heads follow */

/* Results of heap operations. */
typedef enum HeapResult {
    HEAP_OK,
    HEAP_FULL,   /* no free block is large enough */
    HEAP_CLOSED, /* nothing has changed: memory must be opened up to `wanted` first */
    HEAP_DAMAGED /* links of a free block were overwritten: see heap_rebuild */
} HeapResult;

static inline void *heap_address(Heap *heap, size_t position)
{
    return (char *)(heap + 1) + (position << heap->shift);
}

/* Returns the link at a position: of a free block, or the head of a class. */
static inline Link *heap_link(Heap *heap, size_t position, unsigned shift)
{
    return (Link *)(void *)((char *)(heap + 1) + (position << shift));
}

static inline Map heap_map(Heap *heap)
{
    unsigned char *heads = (unsigned char *)(heap + 1);

    return (Map){heads + heap->starts, heads + heap->free};
}

static inline Tree heap_tree(Heap *heap)
{
    return (Tree){(char *)(heap + 1) + heap->nodes, heap->slot_shift, heap->node_bytes,
                  heap->bin_shift};
}

/* Returns whether the map confirms that a free block of exactly `size` units starts at a position,
 * which may be any number. Everything that the index says of a block is verified here before it is
 * acted on. */
static ALWAYS_INLINE bool heap_confirms(Heap *heap, size_t position, size_t size)
{
    const unsigned char *at = (const unsigned char *)(heap + 1) + position / 8;
    unsigned shift = position & 7;
    uint64_t starts;

    if (UNLIKELY((Pos)position >= heap->end)) {
        return false;
    }
    starts = map_load(at + heap->free);
    if (UNLIKELY(!bits_test(starts, shift))) {
        return false;
    }
    /* With the block's own start bit flipped away, the lowest bit is the start of the next block.
     * If the start bit was not set, flipping sets it, and it is the lowest one: no size is 0. */
    starts = map_load(at + heap->starts) >> shift;
    if (UNLIKELY(bits_flip_lowest(&starts))) { /* the end lies beyond the window */
        return map_length(heap_map(heap), position) == size;
    }
    if (UNLIKELY(bits_lowest(starts) != size)) {
        return false;
    }
    return true;
}

/* Converts units to bytes. */
static inline size_t heap_bytes(const Heap *heap, size_t units)
{
    return units << heap->shift;
}

static inline size_t heap_in_use(const Heap *heap)
{
    return heap->peak - heap->headroom;
}

static inline size_t heap_used_blocks(const Heap *heap)
{
    return (size_t)(heap->taken - heap->given);
}

static inline size_t heap_free_blocks(const Heap *heap)
{
    return heap->blocks - heap_used_blocks(heap);
}

/* Returns the position of the block behind one; end if there is none, or if the map contradicts
 * itself. */
static inline Pos heap_next(Heap *heap, Pos block)
{
    size_t size = map_length(heap_map(heap), block);

    return size - 1 < heap->end - block ? (Pos)(block + size) : heap->end;
}

#endif
