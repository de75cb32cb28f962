/* SPDX-License-Identifier: MIT
 *
 * What a trace has: added up while it is read once, and again up to the moment when most was live. */
#ifndef MEM_REPLAY_SUMMARY_H
#define MEM_REPLAY_SUMMARY_H

#include <stdbool.h>

#include "replay/ranking.h"
#include "replay/trace-read.h"

enum { SUMMARY_DECADES = 16, SUMMARY_ALIGNMENTS = 13, SUMMARY_REGIONS = 64 };

/* How long blocks lived: entry i has those that lived less than 10^i, and not less than what the entry before says. */
typedef struct Lifetimes {
    uint64_t blocks[SUMMARY_DECADES];
    uint64_t bytes[SUMMARY_DECADES];
} Lifetimes;

/* A moment. */
typedef struct SummaryMoment {
    uint64_t event, time; /* the number of the event; us */
    uint64_t bytes;       /* live then, as asked for */
    uint64_t rounded;     /* as a region without caches rounds */
    uint64_t cached;      /* as caches round */
    uint64_t blocks;      /* live then */
} SummaryMoment;

typedef struct Summary {
    uint32_t region;  /* of the trace */
    uint64_t regions; /* that the trace has */
    uint64_t events, allocs, resizes, frees, failed,
        lost;         /* of the region; lost: missing in the trace */
    uint64_t threads; /* that have called */
    uint64_t time;    /* us, of the last event */
    uint64_t largest; /* bytes of the largest request */
    SummaryMoment peak, end;
    /* Most bytes live at once, each size rounded up to a multiple of 2^i bytes, and of 8. */
    uint64_t bounds[SUMMARY_ALIGNMENTS];
    Lifetimes calls, times; /* in events of the trace, and in us; of blocks that were freed */
    Ranking sizes;          /* requests, by size; by calls */
    Ranking callers;        /* requests, by caller; by bytes */
    Ranking peak_callers, end_callers; /* what was live then, by caller; by bytes */
    Ranking peak_sizes;                /* what was live then, by size; by bytes */
} Summary;

/* Reads the trace. region: of the trace; SUMMARY_ANY: the one with most events. full: what was live at the peak is of
 * interest. Ends the program if the file is damaged. */
#define SUMMARY_ANY UINT32_MAX
Summary summary_read(Trace *trace, uint32_t region, bool full);
void summary_free(Summary *summary);

/* Bytes that a block takes. alignment: of all blocks, a power of two; 8 or more. */
uint64_t summary_round(uint64_t size, uint64_t alignment);

#endif
