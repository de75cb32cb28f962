/* SPDX-License-Identifier: MIT
 *
 * Plays a trace, and collects what a report shows of it. */
#ifndef MEM_REPLAY_COLLECT_H
#define MEM_REPLAY_COLLECT_H

#include "replay/map.h"
#include "replay/player.h"
#include "replay/records.h"
#include "replay/tally.h"

/* What is known of a column of the map. */
typedef struct CollectColumn {
    uint64_t time;    /* microseconds, when it begins */
    uint64_t live;    /* the most bytes that were live in it, as asked for */
    uint64_t used;    /* bytes that the blocks take at its end */
    uint64_t largest; /* bytes of the largest free block at its end, or a few columns before */
    uint64_t blocks;  /* live at its end */
} CollectColumn;

/* The request that there was no room for. */
typedef struct CollectFailure {
    bool failed;
    TraceEvent event;
    uint64_t largest; /* bytes of the largest free block then */
} CollectFailure;

/* What was live at the peak, by caller and by size. */
typedef struct CollectPeak {
    uint64_t *bytes, *blocks; /* by the caller's number: bytes as asked for */
    TallyHistogram sizes;     /* bytes, by size */
} CollectPeak;

typedef struct Collection {
    Tally tally;
    MapShape shape;
    Map *map;
    Records *records;
    CollectColumn *columns; /* as many as the map has */
    CollectPeak peak;
    CollectFailure failure;
    uint32_t
        *callers; /* numbers, that with most bytes times calls first; each that ever allocated */
    uint32_t caller_count;
    uint32_t *threads; /* likewise */
    uint32_t thread_count;
    uint8_t *caller_ranks; /* by number, for the map */
    uint8_t *thread_ranks;
    uint64_t capacity; /* bytes that blocks can be made of */
    uint64_t total;    /* with bookkeeping */
} Collection;

bool collect_run(Collection *collection, Trace *trace, const PlayerOptions *options,
                 uint32_t region, TraceError *error);
void collect_free(Collection *collection);

#endif
