/* SPDX-License-Identifier: MIT
 *
 * What a heap consists of: the Heap structure, and where its parts are.
 *
 * Positions count units from the heads of the index on, which lie right after the Heap structure.
 * So the head of class n is at position n, blocks are at positions from first on, and one
 * comparison tells that a link leads nowhere else:
 *
 *   position          0   1   2  …            first                          end
 *   …|owner's|Heap   |heads, one each class|  (guard)  |blocks …            |fence|
 *
 * Everything else lies at a distance from the heads that the Heap knows. There are no absolute
 * addresses in a heap. */
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
    CLASSES_MIN = 64, /* sizes with a list of their own: a power of two */
    CLASSES_MAX = 2048,
    SLOTS_BELOW = 512,  /* classes: heaps of fewer have nodes in slots, others in the map */
    SHELVES_FACTOR = 4, /* shelves go up to so many times the classes; none where there are slots */
    SHELVES_MAX = ((SHELVES_FACTOR - 1) * CLASSES_MAX) >> SHELF_SHIFT,
    OCTAVES_MAX = 32 - 13, /* of sizes from SHELVES_FACTOR * CLASSES_MAX on */
    BIN_SHIFT_MAX = 5,     /* 32 bins an octave; 4 where there are slots */
    BIN_SHIFT_MIN = 2,
    HEADS_MAX = CLASSES_MAX + SHELVES_MAX + (OCTAVES_MAX << BIN_SHIFT_MAX),
    INDEX_WORDS = HEADS_MAX / MAP_WORD_BITS + 1,
    HEAP_OWNER_BYTES = 176 /* before the Heap, for what its owner keeps of it */
};

/* The links of a list of free blocks: in the first 8 bytes of each free block below `classes`
 * units, and in the head of each list, which is a link like the others. What the
 * head of a shelf, or of a bin, is: see shelf.h and bin.h. */
typedef struct Link {
    Pos next, previous; /* positions of links: of free blocks of this size, or of the head */
#if HEAP_UNIT_SHIFT > 3
    /* The rest of the unit: so links have positions. */
    unsigned char rest[(1 << HEAP_UNIT_SHIFT) - 2 * sizeof(Pos)];
#endif
} __attribute__((__may_alias__)) Link;

_Static_assert(sizeof(Link) == UNIT_BYTES, "a link is a unit");

typedef struct Heap {
    size_t fast_classes; /* = classes, but 0 where fast.h does not apply */
    size_t fast_end;     /* = end, likewise */
    size_t size_mask;    /* alignment - 1: (bytes - 1 | size_mask) / unit + 1 rounds a size up */
    ptrdiff_t starts;    /* from the heads to where the map has position 0, in bytes */
    ptrdiff_t free;      /* likewise, of the other string */
    Pos classes;         /* blocks of fewer units are in lists */
    Pos heads;           /* lists, shelves and bins together */
    ptrdiff_t nodes;     /* from the heads to where the tree has the node of position 0 */
    /* As in Tree. */
    unsigned char bin_shift, slot_shift, node_bytes;
    bool broken; /* the map contradicts itself: nothing is handed out, or changed, any more */
    Pos shelves_end, shelf_bias, bin_bias; /* as in Bins */
    unsigned shift;                        /* a unit is 1 << shift bytes */
    Pos first;                             /* position of the first block */
    Pos end;                               /* position just past the last block: the fence */
    Pos clean;       /* position: from here on blocks were never handed out, nor links written */
    Pos open;        /* up to here blocks may be written to: the end, or long before it */
    Pos wanted;      /* after HEAP_CLOSED: how far open must be */
    Pos peak;        /* most units in use at a time */
    Pos blocks;      /* in use and free */
    size_t headroom; /* peak - units in use */
    uint64_t taken;  /* blocks ever handed out: of 32 bits they would be too many */
    uint64_t given;  /* blocks ever given back */
    /* Bit k of all words is set if words[k] is not 0. */
    uint64_t summary;
    /* Bit n of all words is set if class n holds blocks. Small heaps have nodes in those that
     * they do not need. Aligned as those are, and the heads behind. */
    _Alignas(UNIT_BYTES) uint64_t words[INDEX_WORDS];
} Heap; /* the heads follow */

/* What the heap found when it was asked for something. */
typedef enum HeapResult {
    HEAP_OK,
    HEAP_FULL,   /* no free run is large enough */
    HEAP_CLOSED, /* nothing was done: first, memory must be opened up to `wanted` */
    HEAP_DAMAGED /* a free block's links were overwritten: see heap_rebuild */
} HeapResult;

static inline void *heap_address(Heap *heap, size_t position)
{
    return (char *)(heap + 1) + (position << heap->shift);
}

/* The link at a position: that of a free block, or the head of a class. */
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

/* Whether the map confirms that a free block of exactly so many units starts at a position, whatever that is.
 * Everything that the index says of one is asked for here before anything is done about it. */
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
    /* Without the first bit, if that is set, the lowest one is where the next block starts. If it is not, the first
     * bit is the lowest then, and no size is 0. */
    starts = map_load(at + heap->starts) >> shift;
    if (UNLIKELY(bits_flip_lowest(&starts))) { /* its end is further off than a window reaches */
        return map_length(heap_map(heap), position) == size;
    }
    if (UNLIKELY(bits_lowest(starts) != size)) {
        return false;
    }
    return true;
}

/* Bytes that so many units are. */
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

/* Where the block behind one starts; the end of the heap if there is none, or if the map contradicts itself. */
static inline Pos heap_next(Heap *heap, Pos block)
{
    size_t size = map_length(heap_map(heap), block);

    return size - 1 < heap->end - block ? (Pos)(block + size) : heap->end;
}

#endif
