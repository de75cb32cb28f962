/* SPDX-License-Identifier: MIT
 *
 * A region as the tests of Mem_RegionDump need it: what a walk tells, and what was printed. */
#ifndef MEM_TESTS_DUMPED_H
#define MEM_TESTS_DUMPED_H

#include "checked.h"

enum { DUMPED_BLOCKS_MAX = 5000 };

typedef struct Blocks {
    size_t count;
    Mem_Block list[DUMPED_BLOCKS_MAX];
} Blocks;

/* All blocks of a region; until the next call. */
const Blocks *dumped_blocks(const Bed *bed);

/* Dumps a region into memory, to be freed. */
char *dumped_text(const Bed *bed, Mem_Format format);

#endif
