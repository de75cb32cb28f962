/* SPDX-License-Identifier: MIT
 *
 * All that memreplay has found out about a trace, to be told as text or as JSON. */
#ifndef MEM_REPLAY_FINDINGS_H
#define MEM_REPLAY_FINDINGS_H

#include "replay/fit.h"
#include "replay/histogram.h"
#include "replay/options.h"
#include "replay/rival.h"
#include "replay/room.h"
#include "replay/summary.h"
#include "replay/symbols.h"

/* How large a region should be, and why. */
typedef struct Advice {
    uint64_t bytes;
    char reason[200]; /* a sentence */
} Advice;

typedef struct Findings {
    TrialTrace trace;
    Symbols *symbols;
    Summary summary;
    bool full;              /* all of the summary is to be told */
    Histogram *latency;     /* NULL: not measured */
    PlayerOptions measured; /* the region where it was */
    Fit fits[FITS_MAX]; /* for each alignment one with caches and one without, or one of the two */
    size_t fit_count;   /* 0: --fit was not given */
    Advice advice;      /* of the first fit */
    Room below; /* the region of the last fit less a page: why it fails. Carried: there is none */
    bool has_room;         /* --size was given: */
    PlayerOptions options; /* the region of that size */
    Room room;             /* what came of it */
    bool has_rival;        /* --malloc was given: */
    Rival rival;
} Findings;

/* Finds out about the trace at a path what is asked for. findings: all 0. rival: NULL if --malloc was not given. */
void findings_find(const Options *options, const char *path, RivalProcess *rival,
                   Findings *findings);
void findings_free(Findings *findings);

/* Writes the pictures that are asked for. */
void findings_draw(const Options *options, const Findings *findings);

/* What is recommended for a program whose smallest region is known. */
Advice findings_advise(const Summary *summary, const Fit *fit);

/* Tells all as text on stdout: 80 columns. */
void findings_print(const Findings *findings);

/* Compares several traces in a table. */
void findings_print_table(const Findings *findings, size_t count);

/* Tells all as JSON on stdout: an object, or a list of several. Ends the program if memreplay was built without. */
void findings_print_json(const Findings *findings, size_t count);

/* How a caller is called. */
const char *findings_caller(const Findings *findings, uint32_t caller);

#endif
