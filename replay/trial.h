/* SPDX-License-Identifier: MIT
 *
 * Plays a trace in several regions at once, by as many processes as there are processors: it is read once for all that a
 * process plays. */
#ifndef MEM_REPLAY_TRIAL_H
#define MEM_REPLAY_TRIAL_H

#include "replay/player.h"

#define TRIAL_CARRIED UINT64_MAX

typedef struct Trial {
    PlayerOptions options; /* of the region */
    uint64_t failed;       /* number of the event that found no room; TRIAL_CARRIED: none */
    uint64_t reach;        /* bytes from the beginning of the region that were ever handed out */
    uint64_t total;        /* bytes of the region with bookkeeping */
} Trial;

typedef struct TrialTrace {
    const char *path;
    Trace *trace;    /* open at that path */
    uint32_t region; /* of the trace */
} TrialTrace;

/* Plays the trace in the region of each of some trials, TRIALS_MAX at most, and says there what came of it. */
enum { TRIALS_MAX = 64 };
void trial_play(const TrialTrace *trace, Trial *trials, size_t count, const char *what);

#endif
