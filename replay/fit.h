/* SPDX-License-Identifier: MIT
 *
 * The smallest region that carries a trace. A larger region may fail where a smaller one does not: blocks lie elsewhere in
 * it. So the smallest one is a size that carries the trace, as FIT_MORE sizes above it do, each larger by a page, while
 * the one that is smaller by a page does not. */
#ifndef MEM_REPLAY_FIT_H
#define MEM_REPLAY_FIT_H

#include "replay/trial.h"

enum { FIT_MORE = 8, FITS_MAX = 8 };

typedef struct Fit {
    PlayerOptions
        options;    /* alignment and exact are given; size is what is found: bytes, whole pages */
    uint64_t bound; /* given: bytes of blocks, rounded, that were live at once */
    uint64_t least; /* bytes: no smaller region, in whole pages, has room for that */
    uint64_t total; /* bytes with bookkeeping */
    uint64_t tried; /* regions that the trace was played in */
} Fit;

/* Finds the size for each of some fits. events: of the trace, about. */
void fit_find(const TrialTrace *trace, Fit *fits, size_t count, uint64_t events);

#endif
