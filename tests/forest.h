/* SPDX-License-Identifier: MIT
 *
 * The large free blocks of a heap, with the index and the map that they are in, and a plain array of
 * them to compare with. There is no memory for the blocks themselves. */
#ifndef MEM_TESTS_FOREST_H
#define MEM_TESTS_FOREST_H

#include "heap/index.h"
#include "region/layout.h"
#include "support.h"

enum { CELLS_MAX = 80 };

/* A part of the heap, in which at most one large free block lies, behind a unit in use at least. The
 * rest of it is in use. */
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
    size_t count; /* blocks */
    Pos least;    /* units of the smallest block that is made */
} Forest;

/* Makes a heap of so many units, all in use. fill: whatever was in the memory of nodes before must not
 * matter. False if there is no memory. */
bool forest_plant(Forest *forest, Pos classes, Pos units, size_t space, bool fill);

/* Ends it; fails if anything outside of its memory was written to. */
void forest_fell(Forest *forest);

/* Adds a cell behind the last one, without a free block. */
void forest_add(Forest *forest, Pos room);

/* Divides what there is into cells, of all scales. */
void forest_divide(Forest *forest, Random *source);

/* Takes the free block out of a cell, and puts one in. */
void forest_take(Forest *forest, Cell *cell);
void forest_give(Forest *forest, Cell *cell, Pos block, Pos size);

/* The index of the heap, and the bin of a size. */
Index forest_index(const Forest *forest);
size_t forest_bin(const Forest *forest, Pos size);

/* Compares the map, the bins and the trees with the array; and what is found in them. */
void forest_verify_bins(const Forest *forest);
void forest_verify(const Forest *forest, Random *source);

#endif
