/* SPDX-License-Identifier: MIT */
#include "replay/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of the three planes, one after another. */
enum {
    KIND_SIZE = 0,
    KIND_THREAD = KIND_SIZE + MAP_SIZES,
    KIND_CALLER = KIND_THREAD + MAP_THREADS,
    KINDS = KIND_CALLER + MAP_CALLERS
};

/* Bytes of a kind, as the difference to the row below. */
typedef struct Account {
    int64_t now;  /* bytes that are there now */
    int64_t area; /* bytes times calls in the current column, if nothing more changes */
} Account;

typedef struct Row {
    Account kinds[KINDS];
    double born_now, born_area; /* the same, times the calls when the bytes were allocated */
    uint32_t ends;              /* blocks that begin or end here now: 0: all accounts are 0 */
    bool touched;               /* in the current column */
} Row;

struct Map {
    MapShape shape;
    uint32_t column;     /* the current one */
    uint64_t start, end; /* its calls */
    Row *rows;           /* one more than there are, for what ends with the last */
    MapCells cells;
};

MapShape map_shape(uint64_t events, uint64_t capacity, uint32_t columns, uint32_t rows)
{
    MapShape shape = {.events = events == 0 ? 1 : events, .capacity = capacity == 0 ? 8 : capacity};

    shape.width = (shape.events + columns - 1) / columns;
    shape.height = ((shape.capacity + rows - 1) / rows + 7) / 8 * 8;
    shape.columns = (uint32_t)((shape.events + shape.width - 1) / shape.width);
    shape.rows = (uint32_t)((shape.capacity + shape.height - 1) / shape.height);
    return shape;
}

/* Sets the calls of the current column. */
static void map_set_column(Map *map)
{
    map->start = map->column * map->shape.width;
    map->end = map->start + map->shape.width;
    if (map->end > map->shape.events)
        map->end = map->shape.events;
}

static bool cells_create(MapCells *cells, uint32_t columns, uint32_t rows)
{
    *cells = (MapCells){.columns = columns, .rows = rows};
    for (size_t plane = 0; plane < MAP_PLANES; plane++) {
        cells->plane[plane] = calloc(rows, columns);
        if (cells->plane[plane] == NULL) {
            map_free_cells(cells);
            return false;
        }
    }
    return true;
}

void map_free_cells(MapCells *cells)
{
    for (size_t plane = 0; plane < MAP_PLANES; plane++)
        free(cells->plane[plane]);
    *cells = (MapCells){0};
}

Map *map_create(const MapShape *shape)
{
    Map *map = calloc(1, sizeof *map);

    if (map == NULL)
        return NULL;
    map->shape = *shape;
    map->rows = calloc((size_t)shape->rows + 1, sizeof *map->rows);
    if (map->rows == NULL || !cells_create(&map->cells, shape->columns, shape->rows)) {
        map_free(map);
        return NULL;
    }
    map_set_column(map);
    return map;
}

void map_free(Map *map)
{
    if (map == NULL)
        return;
    map_free_cells(&map->cells);
    free(map->rows);
    free(map);
}

uint64_t map_column_end(const Map *map)
{
    return map->end;
}

const MapCells *map_cells(const Map *map)
{
    return &map->cells;
}

/* ------------------------------------------------------------------------------------------------
 * Blocks
 * --------------------------------------------------------------------------------------------- */

/* Bytes that all rows from this one on have more, or less if the bytes are negative. */
static void row_add(Row *row, const MapBlock *block, int64_t bytes, uint64_t left)
{
    Account *const accounts[] = {
        &row->kinds[KIND_SIZE + block->size],
        &row->kinds[KIND_THREAD + block->thread],
        &row->kinds[KIND_CALLER + block->caller],
    };
    double born = (double)bytes * (double)block->born;

    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++) {
        accounts[i]->now += bytes;
        accounts[i]->area += bytes * (int64_t)left;
    }
    row->born_now += born;
    row->born_area += born * (double)left;
    row->touched = true;
}

/* Adds a block, if sign is 1, or takes it away, if it is -1.
 *
 *   rows            0     1     2     3     4
 *   block               [===========]               fills a part of row 1, row 2, and a part of row 3
 *   bytes           0     a     h     b     0
 *   differences     0    +a   h-a   b-h    -b  */
static void map_change(Map *map, const MapBlock *block, uint64_t now, int sign)
{
    uint64_t left = now < map->end ? map->end - now : 0;
    uint64_t height = map->shape.height;
    uint64_t end = block->offset + block->bytes;

    if (block->bytes == 0 || end > map->shape.capacity)
        return;

    uint64_t first = block->offset / height;
    uint64_t last = (end - 1) / height;
    uint64_t differences[4] = {0};
    uint64_t at[4] = {first, first + 1, last, last + 1};
    if (first == last) {
        differences[0] = block->bytes;
        differences[1] = 0 - block->bytes;
    } else {
        uint64_t head = (first + 1) * height - block->offset;
        uint64_t tail = end - last * height;
        differences[0] = head;
        differences[1] = height - head;
        differences[2] = tail - height;
        differences[3] = 0 - tail;
    }
    for (size_t i = 0; i < 4; i++) {
        map->rows[at[i]].ends += (uint32_t)sign;
        if (differences[i] != 0)
            row_add(&map->rows[at[i]], block, (int64_t)differences[i] * sign, left);
    }
}

void map_put(Map *map, const MapBlock *block, uint64_t now)
{
    map_change(map, block, now, 1);
}

void map_take(Map *map, const MapBlock *block, uint64_t now)
{
    map_change(map, block, now, -1);
}

/* ------------------------------------------------------------------------------------------------
 * Columns
 * --------------------------------------------------------------------------------------------- */

static uint8_t greatest(const int64_t *sums, size_t count)
{
    size_t best = 0;

    for (size_t i = 1; i < count; i++)
        best = sums[i] > sums[best] ? i : best;
    return (uint8_t)best;
}

static uint8_t use_level(int64_t used, uint64_t all)
{
    if (used <= 0)
        return 0;
    if ((uint64_t)used >= all)
        return MAP_FULL;
    return (uint8_t)(1 + (uint64_t)((double)used / (double)all * (MAP_FULL - 1)));
}

static uint8_t age_level(double age)
{
    double level = age < 1 ? 0 : 1 + 2 * log2(age);
    return (uint8_t)(level < 127 ? level : 127);
}

/* Adds a row's differences to the sums, and makes them those of the next column. */
static void row_sum(Row *row, int64_t *sums, double *born, int64_t width)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        sums[kind] += row->kinds[kind].area;
        row->kinds[kind].area = row->kinds[kind].now * width;
    }
    *born += row->born_area;
    if (row->ends == 0) {
        row->born_now = 0; /* a sum of what was rounded is not */
    }
    row->born_area = row->born_now * (double)width;
    row->touched = false;
}

void map_next_column(Map *map)
{
    int64_t sums[KINDS] = {0};
    double born = 0;
    uint8_t cell[MAP_PLANES] = {0};
    uint64_t width = map->end - map->start;
    double middle = (double)map->start + (double)width / 2;

    if (map->column >= map->shape.columns)
        return;

    size_t column = map->column++;
    map_set_column(map);
    int64_t next = map->end > map->start ? (int64_t)(map->end - map->start) : 0;
    for (size_t i = 0; i <= map->shape.rows; i++) {
        Row *row = &map->rows[i];
        bool changed = row->ends != 0 || row->touched;
        if (changed)
            row_sum(row, sums, &born, next);
        if (i == map->shape.rows)
            break;

        uint64_t bytes = map->shape.height;
        if (i + 1 == map->shape.rows)
            bytes = map->shape.capacity - i * map->shape.height;
        if (changed || i + 1 == map->shape.rows) {
            int64_t used = 0;
            for (size_t kind = 0; kind < MAP_THREADS; kind++)
                used += sums[KIND_THREAD + kind];
            cell[MAP_USE] = use_level(used, bytes * width);
            cell[MAP_AGE] = used > 0 ? age_level(middle - born / (double)used) : 0;
            cell[MAP_SIZE] = used > 0 ? greatest(sums + KIND_SIZE, MAP_SIZES) : 0;
            cell[MAP_THREAD] = used > 0 ? greatest(sums + KIND_THREAD, MAP_THREADS) : 0;
            cell[MAP_CALLER] = used > 0 ? greatest(sums + KIND_CALLER, MAP_CALLERS) : 0;
        }
        for (size_t plane = 0; plane < MAP_PLANES; plane++)
            map->cells.plane[plane][i * map->shape.columns + column] = cell[plane];
    }
}

/* ------------------------------------------------------------------------------------------------
 * Coarser cells
 * --------------------------------------------------------------------------------------------- */

/* Makes one cell of up to four. */
static void cell_merge(const MapCells *cells, const size_t *from, size_t count, MapCells *to,
                       size_t at)
{
    unsigned use = 0, age = 0, full = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned level = cells->plane[MAP_USE][from[i]];
        use += level;
        full += level == MAP_FULL;
        age += level * cells->plane[MAP_AGE][from[i]];
    }
    if (use == 0)
        return;

    unsigned mean = (unsigned)((use + count / 2) / count);
    if (full < count && mean >= MAP_FULL)
        mean = MAP_FULL - 1;
    to->plane[MAP_USE][at] = (uint8_t)(mean == 0 ? 1 : mean);
    to->plane[MAP_AGE][at] = (uint8_t)((age + use / 2) / use);
    for (size_t plane = MAP_SIZE; plane < MAP_PLANES; plane++) {
        unsigned best = 0;
        for (size_t i = 0; i < count; i++) {
            unsigned weight = 0;
            uint8_t value = cells->plane[plane][from[i]];
            for (size_t j = 0; j < count; j++)
                if (cells->plane[plane][from[j]] == value)
                    weight += cells->plane[MAP_USE][from[j]];
            if (weight > best) {
                best = weight;
                to->plane[plane][at] = value;
            }
        }
    }
}

bool map_halve(const MapCells *cells, MapCells *half)
{
    if (!cells_create(half, (cells->columns + 1) / 2, (cells->rows + 1) / 2))
        return false;
    for (size_t row = 0; row < half->rows; row++) {
        for (size_t column = 0; column < half->columns; column++) {
            size_t from[4], count = 0;
            for (size_t y = 2 * row; y < 2 * row + 2 && y < cells->rows; y++)
                for (size_t x = 2 * column; x < 2 * column + 2 && x < cells->columns; x++)
                    from[count++] = y * cells->columns + x;
            cell_merge(cells, from, count, half, row * half->columns + column);
        }
    }
    return true;
}
