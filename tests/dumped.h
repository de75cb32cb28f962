/* SPDX-License-Identifier: MIT
 *
 * A region for tests of Mem_RegionDump: its blocks from a walk, and its dump. */
#ifndef MEM_TESTS_DUMPED_H
#define MEM_TESTS_DUMPED_H

#include "checked.h"

enum { DUMPED_BLOCKS_MAX = 5000 };

typedef struct Blocks {
    size_t count;
    Mem_Block list[DUMPED_BLOCKS_MAX];
} Blocks;

/* Returns all blocks of a region; valid until the next call. */
const Blocks *dumped_blocks(const Bed *bed);

/* Dumps a region into memory, which the caller frees. */
char *dumped_text(const Bed *bed, Mem_Format format);

#endif
