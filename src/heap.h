/* SPDX-License-Identifier: MIT
 *
 * The heap: allocate, free and resize blocks of units, with the map and the index.
 *
 * Plain arithmetic over memory that it is handed: nothing here knows of threads, of the operating
 * system or of errno.
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
#ifndef MEM_SRC_HEAP_H
#define MEM_SRC_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"
#include "shelf.h"
#include "tree.h"

/* log2 of the bytes of a unit. libmem-malloc.so, all blocks of which are aligned to 16 bytes, is built with
 * 4: so its map is half as large. */
#ifndef HEAP_UNIT_SHIFT
#define HEAP_UNIT_SHIFT 3
#endif

enum {
    UNIT_SHIFT = HEAP_UNIT_SHIFT, /* more in huge regions */
    UNIT_BYTES = 1 << UNIT_SHIFT,
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
    Pos next, previous;
#if HEAP_UNIT_SHIFT > 3
    unsigned char
        rest[(1 << HEAP_UNIT_SHIFT) - 2 * sizeof(Pos)]; /* of the unit: so links have positions */
#endif
} __attribute__((__may_alias__)) Link;

_Static_assert(sizeof(Link) == UNIT_BYTES, "a link is a unit");

typedef struct Heap {
    size_t fast_classes; /* = classes, but 0 where heap-fast.h does not apply */
    size_t fast_end;     /* = end, likewise */
    size_t size_mask;    /* alignment - 1: (bytes - 1 | size_mask) / unit + 1 rounds a size up */
    ptrdiff_t starts;    /* from the heads to where the map has position 0, in bytes */
    ptrdiff_t free;
    Pos classes;     /* blocks of fewer units are in lists */
    Pos heads;       /* lists, shelves and bins */
    ptrdiff_t nodes; /* from the heads to where the tree has the node of position 0 */
    /* As in Tree. */
    unsigned char bin_shift, slot_shift, node_bytes;
    bool broken; /* the map contradicts itself: nothing is handed out, or changed, any more */
    Pos shelves_end, shelf_bias, bin_bias; /* as in Bins */
    unsigned shift;                        /* a unit is 1 << shift bytes */
    Pos first;                             /* position of the first block */
    Pos end;                               /* position just past the last block: the fence */
    Pos clean;       /* from here on blocks were never handed out nor written to */
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

/* Whether the map confirms that a block of exactly so many units, free or in use, starts at a position, whatever
 * that is. */
static ALWAYS_INLINE bool heap_confirms_state(Heap *heap, size_t position, size_t size,
                                              bool is_free)
{
    const unsigned char *at = (const unsigned char *)(heap + 1) + position / 8;
    unsigned shift = position & 7;
    uint64_t starts;

    if (UNLIKELY((Pos)position >= heap->end)) {
        return false;
    }
    starts = map_load(at + heap->free);
    if (UNLIKELY(bits_test(starts, shift) != is_free)) {
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

/* The same of a free block. Everything that the index says of one is asked for here before anything is done about
 * it. */
static ALWAYS_INLINE bool heap_confirms(Heap *heap, size_t position, size_t size)
{
    return heap_confirms_state(heap, position, size, true);
}

/* Units that a request of so many bytes takes; SIZE_MAX if it is more than any heap has. */
size_t heap_units(const Heap *heap, size_t bytes);

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

/* Where a pointer points to: the position of the unit, or 0 if outside the blocks. */
Pos heap_position(Heap *heap, const void *pointer);

/* Position of the block in use that starts at an address, or 0. Exact: no other pointer passes. */
Pos heap_block(Heap *heap, const void *pointer);

/* Start of the block, free or in use, that a position lies in. Takes time in proportion to its
 * size. */
Pos heap_block_around(Heap *heap, Pos position);

/* Makes one free block of everything, in a heap whose shape (the fields up to clean) is set and
 * whose map is all 0. */
void heap_init(Heap *heap);

/* Sets the map to 0, as far as it was ever written to, so that heap_init can be called again. */
void heap_clear_map(Heap *heap);

/* Whether the map agrees with itself: blocks follow each other up to the fence, each with one size and one state
 * at both its ends, and no two of them that are neighbours are free. Ends whatever the map holds. */
bool heap_map_holds(Heap *heap);

/* Makes the index anew from the map. False: the map contradicts itself; nothing was changed. */
bool heap_rebuild(Heap *heap);

/* Declares that the map contradicts itself, until heap_init. The index is empty then, so that nothing is handed out. */
void heap_break(Heap *heap);

/* The first free block whose links are not what they must be, or 0. */
Pos heap_find_damaged(Heap *heap);

/* The functions below take memory up to `open` only; whoever calls them opens more, if he can, and tries again.
 * What lies beyond is part of the last free block. As that is long, what is left of it is never in a list, and
 * so isn't written to.
 *
 * Takes a block: the smallest free one that suffices, its front. The rest stays free. */
HeapResult heap_take(Heap *heap, size_t units, Pos *block);

/* Whether so many units at a multiple of alignment, 0 or a power of two, could be there if all were free. */
bool heap_could_take(Heap *heap, size_t alignment, size_t units);

/* Takes up to count blocks of so many units, side by side, the first one at a position that is a multiple of a power of
 * two. Tells where it is, and how many there are. */
HeapResult heap_take_row(Heap *heap, size_t units, size_t count, size_t multiple, Pos *first,
                         size_t *taken);

/* Takes a block whose address is a multiple of alignment (bytes, a power of two). */
HeapResult heap_take_aligned(Heap *heap, size_t alignment, size_t units, Pos *block);

/* Gives back a block in use, and merges it with its free neighbours. If one of these turns out to
 * be damaged, the block is still in use after heap_rebuild, and to be given back again. */
HeapResult heap_give(Heap *heap, Pos block);

/* The rest of giving back, for a run of units that no longer counts as in use. */
HeapResult heap_give_rest(Heap *heap, Pos run, Pos size);

/* Shrinks a block, or lets it grow into the free block behind it. HEAP_FULL: it can't. */
HeapResult heap_resize(Heap *heap, Pos block, size_t units);

/* Lets a block grow into the free block before it, and behind it too. The contents are moved down.
 * HEAP_FULL: it can't. */
HeapResult heap_resize_down(Heap *heap, Pos block, size_t units, Pos *moved);

/* Units of the largest free block. */
Pos heap_largest_free(Heap *heap);

/* Finds the first fault of a heap. Returns true if there is none, or says in one line what is wrong
 * and where. */
bool heap_check(Heap *heap, char *message, size_t size);

#endif
