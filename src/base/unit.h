/* SPDX-License-Identifier: MIT
 *
 * The unit: the granularity of blocks. */
#ifndef MEM_SRC_UNIT_H
#define MEM_SRC_UNIT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* log2 of the bytes of a unit. libmem-malloc.so aligns every block to 16 bytes, so it is built with
 * 4, which halves its map. */
#ifndef HEAP_UNIT_SHIFT
#define HEAP_UNIT_SHIFT 3
#endif

enum {
    UNIT_SHIFT = HEAP_UNIT_SHIFT, /* regions beyond the reach of Pos use larger units */
    UNIT_BYTES = 1 << UNIT_SHIFT
};

/* A position or a count, in units. 32 bits cover 32 GiB in units of 8 bytes, 64 GiB in units of
 * 16. */
typedef uint32_t Pos;

/* Whether a block that moves takes its bytes along. memreplay, which asks only where blocks would lie, is built with 0:
 * no block is read or written there, so pages of blocks take no memory. */
#ifndef UNIT_BYTES_MOVE
#define UNIT_BYTES_MOVE 1
#endif

/* Moves the bytes of a block to its new place, which may overlap the old one. */
static inline void unit_move_bytes(void *to, const void *from, size_t bytes)
{
    if (UNIT_BYTES_MOVE) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no block is at NULL */
        memmove(to, from, bytes);
    }
}

#endif
