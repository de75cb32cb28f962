/* SPDX-License-Identifier: MIT
 *
 * Which block is at an address. 16 bytes a place; 53 to 80 % of the places are in use. */
#ifndef MEM_REPLAY_MERGE_BLOCKS_H
#define MEM_REPLAY_MERGE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place of the table: a block that is live. */
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

/* The block at an address, NULL: there is none. Until the next change. */
const MergeBlock *blocks_find(const MergeBlocks *blocks, uint64_t address);

/* Enters a block; there must be none at its address, which is not 0. False: no memory. */
bool blocks_add(MergeBlocks *blocks, const MergeBlock *block);

/* Takes out the block at an address; there must be one. */
void blocks_remove(MergeBlocks *blocks, uint64_t address);
void blocks_remove_region(MergeBlocks *blocks, unsigned region);

void blocks_free(MergeBlocks *blocks);

#endif
