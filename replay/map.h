/* SPDX-License-Identifier: MIT
 *
 * The region over time, drawn to the pixel: columns are calls, rows are addresses. What is put into the map costs the same
 * whatever its size and its time: a block changes what is known of its first and last row, and of the difference between
 * rows. A column is added up when it ends. */
#ifndef MEM_REPLAY_MAP_H
#define MEM_REPLAY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a cell: a byte each. */
typedef enum MapPlane {
    MAP_USE, /* share of its bytes and calls that are in use: 0: none at any time, 15: all at all times */
    MAP_AGE,  /* mean age of the bytes in use, in half octaves of calls: 0: less than one call */
    MAP_SIZE, /* of these three that which has the most of the cell: log2 of the size as asked for */
    MAP_THREAD, /* rank of the thread that allocated; the last: all others */
    MAP_CALLER, /* rank of the caller; the last: all others */
    MAP_PLANES
} MapPlane;

enum { MAP_FULL = 15, MAP_SIZES = 40, MAP_THREADS = 12, MAP_CALLERS = 64 };

typedef struct MapCells {
    uint32_t columns, rows;
    uint8_t *plane[MAP_PLANES]; /* rows of columns each, lowest address first */
} MapCells;

typedef struct MapShape {
    uint64_t events;   /* calls in all */
    uint64_t capacity; /* bytes in all */
    uint64_t width;    /* calls of a column; the last may have fewer */
    uint64_t height;   /* bytes of a row; the last may have fewer */
    uint32_t columns, rows;
} MapShape;

/* The finest shape that has no more columns and rows than these. */
MapShape map_shape(uint64_t events, uint64_t capacity, uint32_t columns, uint32_t rows);

/* A block where it lies. */
typedef struct MapBlock {
    uint64_t offset, bytes;       /* within the capacity */
    uint64_t born;                /* the call */
    uint8_t size, thread, caller; /* numbers of the three planes */
} MapBlock;

typedef struct Map Map;

Map *map_create(const MapShape *shape); /* NULL: no memory */
void map_free(Map *map);

/* The call that the current column ends before. */
uint64_t map_column_end(const Map *map);

/* Puts a block into the current column, or takes it away, at a call. */
void map_put(Map *map, const MapBlock *block, uint64_t now);
void map_take(Map *map, const MapBlock *block, uint64_t now);

/* Draws the current column, and begins the next. */
void map_next_column(Map *map);

const MapCells *map_cells(const Map *map);

/* Makes cells of half as many columns and rows. False: no memory. */
bool map_halve(const MapCells *cells, MapCells *half);
void map_free_cells(MapCells *cells);

#endif
