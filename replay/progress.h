/* SPDX-License-Identifier: MIT
 *
 * Tells on a terminal how far a long piece of work is, and how long it still takes. Silent for the first second, and
 * where stderr is no terminal. */
#ifndef MEM_REPLAY_PROGRESS_H
#define MEM_REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
    const char *what; /* is being done; NULL: nothing is told */
    uint64_t start;   /* ns of the clock */
    uint64_t next;    /* ns: tell again then */
    bool told;        /* there is a line to be cleared */
} Progress;

void progress_begin(Progress *progress, const char *what);

/* done: 0 to 1. To be called often: it looks at the clock only now and then. */
void progress_tell(Progress *progress, double done);
void progress_end(Progress *progress);

#endif
