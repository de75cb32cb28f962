/* SPDX-License-Identifier: MIT
 *
 * The live blocks: each has a slot, a small number that is reused when the block is free. */
#ifndef MEM_REPLAY_TRACE_LIVE_H
#define MEM_REPLAY_TRACE_LIVE_H

#include "replay/trace-read.h"

#define LIVE_NONE UINT32_MAX /* no slot */

/* A place of the table: the slot of a block, found by the block's number. */
typedef struct LivePlace {
    uint32_t number; /* its low bits */
    uint32_t slot;   /* LIVE_NONE: the place is free */
} LivePlace;

/* All 0: empty. */
typedef struct Live {
    TraceBlock *slots; /* of a free slot, number is UINT64_MAX and caller the next free slot */
    LivePlace *table;  /* open addressing, linear probing */
    uint32_t used;     /* slots that ever were in use */
    uint32_t room;     /* of slots: how many there is memory for */
    uint32_t free;     /* the first free slot, 1 added; 0: all below used are live */
    uint32_t count;    /* live blocks */
    unsigned shift; /* of a hash of 64 bits, to get a place; the table has 2^(64 - shift) places */
} Live;

/* Adds a block with a new number. LIVE_NONE: no memory. */
uint32_t live_add(Live *live, const TraceBlock *block);

/* Returns the slot of a block; LIVE_NONE: there is none of that number. */
uint32_t live_find(const Live *live, uint64_t number);

void live_remove(Live *live, uint32_t slot);
void live_remove_region(Live *live, uint32_t region);

/* Forgets all blocks, but keeps the memory. */
void live_clear(Live *live);
void live_free(Live *live);

#endif
