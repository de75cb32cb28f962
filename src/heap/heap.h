/* SPDX-License-Identifier: MIT
 *
 * The heap: allocate, free and resize blocks of units, with the map and the index.
 *
 * Plain arithmetic over memory that it is handed: nothing here knows of threads, of the operating
 * system or of errno.
 */
#ifndef MEM_SRC_HEAP_H
#define MEM_SRC_HEAP_H

#include "heap/heap-data.h"

/* Units that a request of so many bytes takes; SIZE_MAX if it is more than any heap has. */
size_t heap_units(const Heap *heap, size_t bytes);

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

/* The functions below take memory up to `open` only; the caller opens more, if it can, and tries again.
 * What lies beyond is part of the last free block. As that is long, what is left of it is never in a list, and
 * so isn't written to.
 *
 * Takes a block: the smallest free one that suffices, its front. The rest stays free. */
HeapResult heap_take(Heap *heap, size_t units, Pos *block);

/* Whether so many units at a multiple of alignment, 0 or a power of two, could be there if all were free. */
bool heap_could_take(Heap *heap, size_t alignment, size_t units);

/* Takes a block whose address is a multiple of alignment (bytes, a power of two). */
HeapResult heap_take_aligned(Heap *heap, size_t alignment, size_t units, Pos *block);

/* Takes a block whose position is a multiple of a power of two. */
HeapResult heap_take_multiple(Heap *heap, size_t multiple, size_t units, Pos *block);

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
