/* SPDX-License-Identifier: MIT
 *
 * The unit: the granularity of blocks. */
#ifndef MEM_SRC_UNIT_H
#define MEM_SRC_UNIT_H

#include <stdint.h>

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

#endif
