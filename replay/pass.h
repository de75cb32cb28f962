/* SPDX-License-Identifier: MIT
 *
 * Reads a trace from its beginning: the events of one region. */
#ifndef MEM_REPLAY_PASS_H
#define MEM_REPLAY_PASS_H

#include "replay/progress.h"
#include "replay/trace-read.h"

enum { STATUS_CARRIED = 0, STATUS_FAILED = 1, STATUS_ERROR = 2 }; /* what memreplay ends with */

typedef struct Pass {
    Trace *trace;
    uint32_t region;   /* whose events are given, with those of threads */
    bool all;          /* events of all regions are given */
    uint64_t seen;     /* events of all regions */
    Progress progress; /* on stderr */
} Pass;

/* what: is being done, for who waits. */
Pass pass_begin(Trace *trace, uint32_t region, const char *what);

/* The next event; false: there is none. Ends the program if the file is damaged. */
bool pass_next(Pass *pass, TraceEvent *event);
void pass_end(Pass *pass);

/* Says on stderr what is wrong, and ends the program. */
_Noreturn void pass_fail(const TraceError *error);

/* Opens a trace, or ends the program. */
Trace *pass_open(const char *path);

#endif
