/* SPDX-License-Identifier: MIT
 *
 * What a trace's events add up to for one region: the first of the two passes that a report takes. */
#ifndef MEM_REPLAY_TALLY_H
#define MEM_REPLAY_TALLY_H

#include "replay/trace-read.h"

enum { TALLY_OCTAVES = 64 };

typedef struct TallyCaller {
    uint64_t allocs;   /* calls that allocated or resized */
    uint64_t bytes;    /* asked for in all of them */
    uint64_t live;     /* bytes at the end */
    uint64_t blocks;   /* at the end */
    uint64_t most;     /* bytes that were live at a time */
    double area;       /* bytes times calls */
    uint64_t since;    /* the call up to which the area is known */
    uint64_t lifetime; /* calls, of all blocks that were freed */
    uint64_t freed;    /* blocks */
    uint64_t event;    /* the first call */
} TallyCaller;

/* Counts by powers of two: place n is for values from 2^(n-1) to less than 2^n, and place 0 for 0. */
typedef struct TallyHistogram {
    uint64_t counts[TALLY_OCTAVES + 1];
} TallyHistogram;

typedef struct TallyThread {
    double area;     /* bytes times calls */
    uint64_t live;   /* bytes at the end */
    uint64_t since;  /* the call up to which the area is known */
    uint64_t allocs; /* calls */
} TallyThread;

typedef struct Tally {
    uint64_t events;                         /* of the trace, or up to where the tally stopped */
    uint64_t time;                           /* microseconds, of the last event */
    uint64_t allocs, resizes, frees, failed; /* calls */
    uint64_t live, blocks;                   /* bytes and blocks at the end */
    uint64_t peak_live, peak_blocks;         /* the most bytes at a time; the blocks then */
    uint64_t peak_event, peak_time;          /* the call, and microseconds */
    TallyHistogram sizes;                    /* of allocations and resizes: bytes */
    TallyHistogram size_bytes;               /* the same: the sum of these bytes */
    TallyHistogram lifetimes;                /* of blocks that were freed: calls */
    TallyHistogram times;                    /* the same: microseconds */
    TallyCaller *callers;                    /* by number */
    uint32_t caller_count;
    TallyThread *threads; /* by number */
    uint32_t thread_count;
} Tally;

/* The place of a value in a histogram. */
unsigned tally_octave(uint64_t value);

/* Reads the trace from its beginning, up to an event (UINT64_MAX: all). */
bool tally_run(Tally *tally, Trace *trace, uint32_t region, uint64_t until, TraceError *error);
void tally_free(Tally *tally);

#endif
