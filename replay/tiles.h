/* SPDX-License-Identifier: MIT
 *
 * A map in pieces: at several scales, deflated, as many as a page has room for. */
#ifndef MEM_REPLAY_TILES_H
#define MEM_REPLAY_TILES_H

#include "replay/buffer.h"
#include "replay/map.h"

enum { TILE_SIDE = 256, TILE_SCALES = 3 };

/* What tiles were packed. */
typedef struct TilesCount {
    uint32_t packed, left_out;
} TilesCount;

/* Appends the tiles' bytes to pack, and to index, in JSON, {"scales":[[columns, rows, halvings], …], the coarsest first,
 * and "tiles":[[scale, column, row, offset in pack, bytes], …]}. All of the coarsest scale are packed; of finer ones those
 * that show most beside the coarser scale, until pack has most bytes. A tile's content is its cells, row by row, one plane
 * after another; tiles at the border are smaller. */
bool tiles_pack(const MapCells *cells, size_t most, Buffer *pack, Buffer *index, TilesCount *count);

#endif
