/* SPDX-License-Identifier: MIT
 *
 * A region that a trace is played in, by one thread for all. The library is in here, compiled anew, so that the caches of
 * the trace's threads can be used in turn. No block is read or written, but for the links of free ones. The same calls
 * have the same result, always. */
#ifndef MEM_REPLAY_PLAYER_H
#define MEM_REPLAY_PLAYER_H

#include "replay/trace-read.h"

typedef struct Player Player;

typedef struct PlayerOptions {
    uint64_t size;      /* bytes of the region, rounded up to whole pages; 1 or more */
    uint64_t alignment; /* of all blocks: bytes, a power of two up to 4096; 0: 8 */
    bool exact;         /* without caches */
} PlayerOptions;

/* Makes a region. At most PLAYER_CACHED at a time have caches: a further one is made only if it is exact. NULL: error
 * says why. */
enum { PLAYER_CACHED = 16 };
Player *player_create(const PlayerOptions *options, TraceError *error);
void player_destroy(Player *player);

/* Does what an event says: of any region of the trace, so that the caller chooses which. False: there is no room for it,
 * and the region is as it was. Calls that failed when they were recorded are not played. */
bool player_play(Player *player, const TraceEvent *event);

/* A block of the trace's: where it lies, in bytes from the beginning of the capacity, and what it takes, rounded. */
typedef struct PlayerPlace {
    uint64_t offset, bytes; /* bytes: 0 if there is no block in the slot */
} PlayerPlace;
PlayerPlace player_place(const Player *player, uint32_t slot);

uint64_t player_capacity(const Player *player); /* bytes that blocks can be made of */
uint64_t player_total(const Player *player);    /* with bookkeeping, without guards */

/* Takes time in proportion to the memory that was ever in use. */
uint64_t player_largest_free(const Player *player); /* bytes */

/* What the heap has handed out: blocks of the program's, and with caches all that these have. Takes no time. */
uint64_t player_in_use(const Player *player); /* bytes */

/* Bytes from the beginning of the capacity that were ever handed out. Takes no time. */
uint64_t player_reach(const Player *player);

/* Whether the region is sound, as Mem_RegionCheckReport. */
bool player_check(const Player *player, char *message, size_t size);

#endif
