/* SPDX-License-Identifier: MIT
 *
 * What memory is counted in. */
#ifndef MEM_SRC_UNIT_H
#define MEM_SRC_UNIT_H

#include <stdint.h>

/* log2 of the bytes of a unit. libmem-malloc.so, all blocks of which are aligned to 16 bytes, is built with
 * 4: so its map is half as large. */
#ifndef HEAP_UNIT_SHIFT
#define HEAP_UNIT_SHIFT 3
#endif

enum {
    UNIT_SHIFT = HEAP_UNIT_SHIFT, /* more in huge regions */
    UNIT_BYTES = 1 << UNIT_SHIFT
};

/* A position or a count of units. 32 bits cover 32 GiB in units of 8 bytes, 64 GiB in units of 16. */
typedef uint32_t Pos;

#endif
