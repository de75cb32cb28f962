/* SPDX-License-Identifier: MIT
 *
 * The heap: takes, gives back and resizes blocks of units, by means of the map and the index.
 *
 * Pure arithmetic on the memory it is given: it knows neither threads, nor the operating system,
 * nor errno. */
#ifndef MEM_SRC_HEAP_H
#define MEM_SRC_HEAP_H

#include "heap/heap-data.h"

/* Returns the units of a request in bytes. Never overflows: SIZE_MAX bytes are more units than any
 * heap has. */
size_t heap_units(const Heap *heap, size_t bytes);

/* Returns the position of the unit that a pointer points into, or 0 if it is outside of the
 * blocks. */
Pos heap_position(Heap *heap, const void *pointer);

/* Returns the position of the block in use that starts at an address, or 0. Exact: no other pointer
 * passes. */
Pos heap_block(Heap *heap, const void *pointer);

/* Returns the start of the block, free or in use, around a position. Takes time in proportion to
 * the block's size. */
Pos heap_block_around(Heap *heap, Pos position);

/* Makes the whole heap one free block. The caller has set the shape (the fields up to clean), and
 * the map is all 0. */
void heap_init(Heap *heap);

/* Clears the map as far as it was ever written to, so that heap_init can be called again. */
void heap_clear_map(Heap *heap);

/* Returns whether the map is consistent: blocks follow each other up to the fence, each with one
 * size and one state at both its ends, and no two neighbours are free. Terminates whatever the map
 * holds. */
bool heap_map_holds(Heap *heap);

/* Rebuilds the index from the map. Returns false if the map contradicts itself; nothing has changed
 * then. */
bool heap_rebuild(Heap *heap);

/* Marks the heap as broken, until heap_init, and empties the index so that nothing is handed
 * out. */
void heap_break(Heap *heap);

/* Returns the first free block with wrong links, or 0. */
Pos heap_find_damaged(Heap *heap);

/* The functions below take memory up to `open` only. On HEAP_CLOSED the caller opens more, if it
 * can, and tries again. Memory beyond `open` belongs to the last free block. What remains of that
 * block is large, so it is never in a list, and nothing is written to it.
 *
 * heap_take takes the front of the smallest free block that suffices. The rest stays free. */
HeapResult heap_take(Heap *heap, size_t units, Pos *block);

/* Returns whether `units` units at a multiple of alignment (0 or a power of two, in bytes) would
 * fit into an empty heap. */
bool heap_could_take(Heap *heap, size_t alignment, size_t units);

/* Takes a block whose address is a multiple of alignment (a power of two, in bytes). */
HeapResult heap_take_aligned(Heap *heap, size_t alignment, size_t units, Pos *block);

/* Takes a block whose position is a multiple of a power of two, in units. */
HeapResult heap_take_multiple(Heap *heap, size_t multiple, size_t units, Pos *block);

/* Gives back a block in use, and merges it with its free neighbours. If a neighbour's links turn
 * out to be damaged, the block is still in use after heap_rebuild, and must be given back again. */
HeapResult heap_give(Heap *heap, Pos block);

/* Does the rest of heap_give for a run of units that no longer counts as in use. */
HeapResult heap_give_rest(Heap *heap, Pos run, Pos size);

/* Shrinks a block, or grows it into the free block behind it. HEAP_FULL: no room. */
HeapResult heap_resize(Heap *heap, Pos block, size_t units);

/* Grows a block into the free block before it, and into that behind it if needed. Moves the
 * contents down. HEAP_FULL: no room. */
HeapResult heap_resize_down(Heap *heap, Pos block, size_t units, Pos *moved);

/* Returns the units of the largest free block. */
Pos heap_largest_free(Heap *heap);

/* Checks a heap. Returns true if it is sound; otherwise writes one line that names the first fault
 * and its place. */
bool heap_check(Heap *heap, char *message, size_t size);

#endif
