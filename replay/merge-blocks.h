/* SPDX-License-Identifier: MIT
 *
 * A table of blocks by address. 16 bytes for each place; 53 to 80 % of the places are in use. */
#ifndef MEM_REPLAY_MERGE_BLOCKS_H
#define MEM_REPLAY_MERGE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place of the table: a live block. */
typedef struct MergeBlock {
    uint64_t address;     /* 0: the place is free */
    uint64_t number : 58; /* blocks are numbered as they are allocated, from 0 on */
    uint64_t region : 6;
} MergeBlock;

#define BLOCKS_NUMBER_MAX ((UINT64_C(1) << 58) - 1)

/* Open addressing, linear probing. All 0: empty. */
typedef struct MergeBlocks {
    MergeBlock *table;
    size_t places; /* of table; less than 2^32 */
    size_t count;  /* of blocks */
} MergeBlocks;

/* Returns the block at an address; NULL: none. Valid until the next change. */
const MergeBlock *blocks_find(const MergeBlocks *blocks, uint64_t address);

/* Has the processor load what blocks_find will read of an address. */
void blocks_prefetch(const MergeBlocks *blocks, uint64_t address);

/* Adds a block; there must be none at its address, which is not 0. Returns false without memory. */
bool blocks_add(MergeBlocks *blocks, const MergeBlock *block);

/* Removes the block at an address, which must exist. */
void blocks_remove(MergeBlocks *blocks, const MergeBlock *block);
void blocks_remove_region(MergeBlocks *blocks, unsigned region);

void blocks_free(MergeBlocks *blocks);

#endif
