/* SPDX-License-Identifier: MIT
 *
 * The large free blocks of a heap, in its index and map, and a plain array of them to compare with.
 * There is no memory for the blocks themselves. */
#ifndef MEM_TESTS_FOREST_H
#define MEM_TESTS_FOREST_H

#include "heap/index.h"
#include "region/layout.h"
#include "support.h"

enum { CELLS_MAX = 80 };

/* A part of the heap with at most one large free block, behind at least one unit in use. The rest
 * is in use. */
typedef struct Cell {
    Pos start, room;
    Pos block, size; /* size 0: none */
} Cell;

typedef struct Forest {
    char *memory;
    Layout layout;
    Heap *heap;
    Cell cells[CELLS_MAX];
    size_t cell_count;
    size_t count; /* large free blocks */
    Pos least;    /* units of the smallest block that is made */
} Forest;

/* Makes a heap of `units` units, all in use. fill: fill the memory of nodes first, whose contents
 * must not matter. Returns false if there is no memory. */
bool forest_plant(Forest *forest, Pos classes, Pos units, size_t space, bool fill);

/* Ends the heap; fails if anything outside of its memory was written to. */
void forest_fell(Forest *forest);

/* Adds a cell behind the last one, without a free block. */
void forest_add(Forest *forest, Pos room);

/* Divides the heap into cells of all scales. */
void forest_divide(Forest *forest, Random *source);

/* Take the free block of a cell; put one in. */
void forest_take(Forest *forest, Cell *cell);
void forest_give(Forest *forest, Cell *cell, Pos block, Pos size);

/* Return the index of the heap, and the bin of a size. */
Index forest_index(const Forest *forest);
size_t forest_bin(const Forest *forest, Pos size);

/* Compare the map, the bins and the trees with the array; forest_verify also searches them. */
void forest_verify_bins(const Forest *forest);
void forest_verify(const Forest *forest, Random *source);

#endif
