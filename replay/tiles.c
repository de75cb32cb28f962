/* SPDX-License-Identifier: MIT */
#include "replay/tiles.h"

#include <stdlib.h>
#include <string.h>

/* The coarsest scale has no more columns and rows than these. */
enum { COARSE_COLUMNS = 1024, COARSE_ROWS = 512 };

typedef struct Tile {
    uint32_t scale;       /* 0: the coarsest */
    uint32_t column, row; /* of its first cell */
    size_t offset, bytes; /* deflated, in a buffer of all tiles */
    double detail;        /* cells that the coarser scale does not show, for each byte */
} Tile;

typedef struct Scales {
    MapCells cells[TILE_SCALES]; /* the finest first, which is not owned */
    size_t count;
} Scales;

static void scales_free(Scales *scales)
{
    for (size_t i = 1; i < scales->count; i++)
        map_free_cells(&scales->cells[i]);
}

static bool scales_make(Scales *scales, const MapCells *cells)
{
    *scales = (Scales){.cells = {*cells}, .count = 1};
    while (scales->count < TILE_SCALES) {
        const MapCells *finest = &scales->cells[scales->count - 1];
        if (finest->columns <= COARSE_COLUMNS && finest->rows <= COARSE_ROWS)
            break;
        if (!map_halve(finest, &scales->cells[scales->count])) {
            scales_free(scales);
            return false;
        }
        scales->count++;
    }
    return true;
}

static uint32_t side(uint32_t first, uint32_t all)
{
    return all - first < TILE_SIDE ? all - first : TILE_SIDE;
}

static void tile_content(const MapCells *cells, const Tile *tile, Buffer *content)
{
    uint32_t columns = side(tile->column, cells->columns);
    uint32_t rows = side(tile->row, cells->rows);

    for (size_t plane = 0; plane < MAP_PLANES; plane++)
        for (size_t row = 0; row < rows; row++)
            buffer_append(content,
                          cells->plane[plane] + (tile->row + row) * cells->columns + tile->column,
                          columns);
}

/* Counts the cells that are unlike the same cell of the coarser scale. */
static size_t tile_detail(const MapCells *cells, const MapCells *coarse, const Tile *tile)
{
    uint32_t columns = side(tile->column, cells->columns);
    uint32_t rows = side(tile->row, cells->rows);
    size_t detail = 0;

    for (size_t row = tile->row; row < tile->row + rows; row++) {
        for (size_t column = tile->column; column < tile->column + columns; column++) {
            size_t fine = row * cells->columns + column;
            size_t same = row / 2 * coarse->columns + column / 2;
            detail += cells->plane[MAP_USE][fine] != coarse->plane[MAP_USE][same] ||
                      cells->plane[MAP_CALLER][fine] != coarse->plane[MAP_CALLER][same];
        }
    }
    return detail;
}

static void tile_pack(const Scales *scales, Tile *tile, Buffer *all)
{
    size_t at = scales->count - 1 - tile->scale;
    const MapCells *cells = &scales->cells[at];
    Buffer content = {0};

    tile_content(cells, tile, &content);
    tile->offset = all->length;
    buffer_deflate(all, content.data, content.length);
    tile->bytes = all->length - tile->offset;
    all->failed |= content.failed;
    buffer_free(&content);
    if (tile->scale != 0)
        tile->detail = (double)tile_detail(cells, &scales->cells[at + 1], tile) /
                       (double)(tile->bytes + 1);
}

/* Coarse scales first; then the tile with most detail. */
static int by_detail(const void *a, const void *b)
{
    const Tile *one = a, *other = b;

    if (one->scale != other->scale)
        return one->scale < other->scale ? -1 : 1;
    return (one->detail < other->detail) - (one->detail > other->detail);
}

static Tile *tiles_make(const Scales *scales, Buffer *all, size_t *count)
{
    const MapCells *finest = &scales->cells[0];
    size_t most = 2 * ((size_t)finest->columns / TILE_SIDE + 2) * (finest->rows / TILE_SIDE + 2);
    Tile *tiles = malloc(most * sizeof *tiles);

    *count = 0;
    for (uint32_t scale = 0; tiles != NULL && scale < scales->count; scale++) {
        const MapCells *cells = &scales->cells[scales->count - 1 - scale];
        for (uint32_t row = 0; row < cells->rows; row += TILE_SIDE) {
            for (uint32_t column = 0; column < cells->columns; column += TILE_SIDE) {
                Tile *tile = &tiles[(*count)++];
                *tile = (Tile){.scale = scale, .column = column, .row = row};
                tile_pack(scales, tile, all);
            }
        }
    }
    return tiles;
}

static void print_scales(const Scales *scales, Buffer *index)
{
    buffer_print(index, "\"scales\":[");
    for (size_t i = scales->count; i-- > 0;)
        buffer_print(index, "[%u,%u,%zu]%s", scales->cells[i].columns, scales->cells[i].rows, i,
                     i == 0 ? "]" : ",");
}

bool tiles_pack(const MapCells *cells, size_t most, Buffer *pack, Buffer *index, TilesCount *counts)
{
    Scales scales;
    Buffer all = {0};
    size_t count;

    *counts = (TilesCount){0};
    if (!scales_make(&scales, cells))
        return false;
    Tile *tiles = tiles_make(&scales, &all, &count);
    bool made = tiles != NULL && !all.failed;
    if (made) {
        qsort(tiles, count, sizeof *tiles, by_detail);
        print_scales(&scales, index);
        buffer_print(index, ",\"tiles\":[");
        for (size_t i = 0; i < count; i++) {
            const Tile *tile = &tiles[i];
            bool shows = tile->scale == 0 || tile->detail > 0;
            if (!shows || (tile->scale != 0 && pack->length + tile->bytes > most)) {
                counts->left_out += shows;
                continue;
            }
            buffer_print(index, "%s[%u,%u,%u,%zu,%zu]", counts->packed++ == 0 ? "" : ",",
                         tile->scale, tile->column, tile->row, pack->length, tile->bytes);
            buffer_append(pack, all.data + tile->offset, tile->bytes);
        }
        buffer_print(index, "]");
    }
    free(tiles);
    buffer_free(&all);
    scales_free(&scales);
    return made;
}
