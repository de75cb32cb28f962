/* SPDX-License-Identifier: MIT
 *
 * Plays a trace on malloc() of the process, which may be any one that is preloaded. */
#ifndef MEM_REPLAY_RIVAL_H
#define MEM_REPLAY_RIVAL_H

#include "replay/histogram.h"
#include "replay/trial.h"

typedef struct Rival {
    uint64_t growth; /* bytes: the most by which resident memory grew, as far as it was looked at */
    uint64_t end;    /* bytes by which it had grown at the end */
    uint64_t ns;     /* that all calls took together */
    uint64_t calls;  /* that were made */
    bool failed;     /* malloc() found no memory, and the rest was not played */
    Histogram latency; /* ns of each call, with looking at the clock */
} Rival;

typedef struct RivalProcess RivalProcess;

/* Starts a process that waits. To be called before anything was allocated that malloc() would use again. */
RivalProcess *rival_start(void);

/* Plays the trace there, and ends the process. Each page of a block is written to when it is allocated, as a program
 * would. All calls are made by one thread. Ends the program if that fails. */
Rival rival_finish(RivalProcess *process, const TrialTrace *trace);

#endif
