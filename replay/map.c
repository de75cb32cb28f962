/* SPDX-License-Identifier: MIT */
#include "replay/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The three planes that show which kind has the most: where their kinds begin, and how many there are: 64 at most. */
enum {
    KIND_SIZE = 0,
    KIND_THREAD = KIND_SIZE + MAP_SIZES,
    KIND_CALLER = KIND_THREAD + MAP_THREADS,
    KINDS = KIND_CALLER + MAP_CALLERS,
    KIND_PLANES = 3
};

static const size_t PLANE_KINDS[KIND_PLANES] = {KIND_SIZE, KIND_THREAD, KIND_CALLER};

/* Bytes of a kind, as the difference to the row below. */
typedef struct Account {
    int64_t now;  /* bytes that are there now */
    int64_t area; /* bytes times calls in the current column, if nothing more changes */
} Account;

typedef struct Row {
    Account kinds[KINDS];
    uint64_t known[KIND_PLANES]; /* a bit for each kind whose account may be other than 0 */
    double born_now, born_area;  /* the same, times the calls when the bytes were allocated */
    uint32_t ends;               /* blocks that begin or end here now: 0: all accounts are 0 */
    bool touched;                /* in the current column */
} Row;

/* Columns that are drawn before they are brought into the cells. */
enum { STRIP = 32 };

struct Map {
    MapShape shape;
    uint32_t column;     /* the current one */
    uint64_t start, end; /* its calls */
    Row *rows;           /* one more than there are, for what ends with the last */
    uint8_t *strip; /* of each plane and row the last columns, which are not in the cells yet */
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
    map->strip = malloc((size_t)MAP_PLANES * shape->rows * STRIP);
    if (map->rows == NULL || map->strip == NULL ||
        !cells_create(&map->cells, shape->columns, shape->rows)) {
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
    free(map->strip);
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
    const uint8_t kinds[KIND_PLANES] = {block->size, block->thread, block->caller};
    double born = (double)bytes * (double)block->born;

    for (size_t plane = 0; plane < KIND_PLANES; plane++) {
        Account *account = &row->kinds[PLANE_KINDS[plane] + kinds[plane]];
        account->now += bytes;
        account->area += bytes * (int64_t)left;
        row->known[plane] |= UINT64_C(1) << kinds[plane];
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

/* Bytes times calls in a row, and kinds of which that is not 0. */
typedef struct Sums {
    int64_t kinds[KINDS];
    uint64_t known[KIND_PLANES]; /* a bit for each kind */
    double born;                 /* times the calls when the bytes were allocated */
} Sums;

static uint8_t greatest(const Sums *sums, size_t plane)
{
    const int64_t *kinds = sums->kinds + PLANE_KINDS[plane];
    unsigned best = 0;
    int64_t most = 0;

    for (uint64_t left = sums->known[plane]; left != 0; left &= left - 1) {
        unsigned kind = (unsigned)__builtin_ctzll(left);
        if (kinds[kind] > most) {
            most = kinds[kind];
            best = kind;
        }
    }
    return (uint8_t)best;
}

static int64_t sum_used(const Sums *sums)
{
    int64_t used = 0;

    for (size_t thread = 0; thread < MAP_THREADS; thread++)
        used += sums->kinds[KIND_THREAD + thread];
    return used;
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

/* Adds a row's differences of one plane to the sums, and makes them those of the next column. */
static void plane_sum(Row *row, size_t plane, Sums *sums, int64_t width)
{
    Account *accounts = row->kinds + PLANE_KINDS[plane];
    int64_t *kinds = sums->kinds + PLANE_KINDS[plane];

    for (uint64_t left = row->known[plane]; left != 0; left &= left - 1) {
        unsigned kind = (unsigned)__builtin_ctzll(left);
        uint64_t bit = UINT64_C(1) << kind;
        kinds[kind] += accounts[kind].area;
        accounts[kind].area = accounts[kind].now * width;
        if (kinds[kind] != 0)
            sums->known[plane] |= bit;
        else
            sums->known[plane] &= ~bit;
        if (accounts[kind].now == 0)
            row->known[plane] &= ~bit;
    }
}

static void row_sum(Row *row, Sums *sums, int64_t width)
{
    for (size_t plane = 0; plane < KIND_PLANES; plane++)
        plane_sum(row, plane, sums, width);
    sums->born += row->born_area;
    if (row->ends == 0)
        row->born_now = 0; /* a sum of what was rounded is not */
    row->born_area = row->born_now * (double)width;
    row->touched = false;
}

/* Brings the strip that ends with a column into the cells. */
static void map_flush(Map *map, size_t column)
{
    size_t first = column / STRIP * STRIP;
    const uint8_t *from = map->strip;

    for (size_t plane = 0; plane < MAP_PLANES; plane++)
        for (size_t row = 0; row < map->shape.rows; row++, from += STRIP)
            memcpy(map->cells.plane[plane] + row * map->shape.columns + first, from,
                   column - first + 1);
}

void map_next_column(Map *map)
{
    Sums sums = {0};
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
            row_sum(row, &sums, next);
        if (i == map->shape.rows)
            break;

        uint64_t bytes = map->shape.height;
        if (i + 1 == map->shape.rows)
            bytes = map->shape.capacity - i * map->shape.height;
        if (changed || i + 1 == map->shape.rows) {
            int64_t used = sum_used(&sums);
            cell[MAP_USE] = use_level(used, bytes * width);
            cell[MAP_AGE] = used > 0 ? age_level(middle - sums.born / (double)used) : 0;
            for (size_t plane = 0; plane < KIND_PLANES; plane++)
                cell[MAP_SIZE + plane] = used > 0 ? greatest(&sums, plane) : 0;
        }
        for (size_t plane = 0; plane < MAP_PLANES; plane++)
            map->strip[(plane * map->shape.rows + i) * STRIP + column % STRIP] = cell[plane];
    }
    if (column % STRIP == STRIP - 1 || column + 1 == map->shape.columns)
        map_flush(map, column);
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
