/* SPDX-License-Identifier: MIT
 *
 * A region that a trace is played in, by one thread for all. The library is in here, compiled anew, so that the caches of
 * the trace's threads can be used in turn. */
#ifndef MEM_REPLAY_PLAYER_H
#define MEM_REPLAY_PLAYER_H

#include "replay/trace-read.h"

typedef struct Player Player;

typedef struct PlayerOptions {
    uint64_t size;      /* bytes of the region */
    uint64_t alignment; /* of all blocks: bytes, a power of two; 0: 8 */
    bool exact;         /* without caches */
} PlayerOptions;

/* Makes a region. NULL: error says why. */
Player *player_create(const PlayerOptions *options, TraceError *error);
void player_destroy(Player *player);

/* Does what an event says. False: there is no room for it, and the region is as it was. */
bool player_play(Player *player, const TraceEvent *event);

/* A block of the trace's: where it lies, in bytes from the beginning of the capacity, and what it takes, rounded. */
typedef struct PlayerPlace {
    uint64_t offset, bytes;
} PlayerPlace;
PlayerPlace player_place(const Player *player, uint32_t slot);

uint64_t player_capacity(const Player *player);     /* bytes that blocks can be made of */
uint64_t player_total(const Player *player);        /* with bookkeeping and guards */
uint64_t player_largest_free(const Player *player); /* bytes */

#endif
