/* SPDX-License-Identifier: MIT
 *
 * Plays a trace in a region of a given size. If a request finds no room, says why: which one, what is free then, and which
 * blocks keep the free memory from being one piece. */
#ifndef MEM_REPLAY_ROOM_H
#define MEM_REPLAY_ROOM_H

#include "replay/player.h"
#include "replay/trial.h"

/* A block that was live at the failure. */
typedef struct RoomBlock {
    PlayerPlace place;
    TraceBlock block;
} RoomBlock;

typedef struct Room {
    bool carried;             /* the rest is told of a failure, but for these: */
    uint64_t capacity, total; /* bytes that blocks can be made of; with bookkeeping */
    TraceEvent event;         /* that found no room */
    uint64_t need;            /* bytes that its block takes */
    uint64_t live, rounded;   /* bytes of blocks as asked for, and as they are taken */
    uint64_t blocks;          /* live */
    uint64_t largest_free;    /* bytes */
    /* The run in which the least would have to be freed for the request to fit; no bytes: there is none, since too little
     * is free. */
    PlayerPlace window;
    RoomBlock *keepers; /* the blocks there, the largest first */
    size_t keeper_count;
    uint64_t keeper_bytes; /* their sum */
} Room;

Room room_play(const TrialTrace *trace, const PlayerOptions *options);
void room_free(Room *room);

#endif
