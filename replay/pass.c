/* SPDX-License-Identifier: MIT */
#include "replay/pass.h"

#include <stdio.h>
#include <stdlib.h>

enum { TELL = 4096 }; /* events between two looks at the clock */

void pass_fail(const TraceError *error)
{
    fprintf(stderr, "memreplay: %s\n", error->text);
    exit(STATUS_ERROR);
}

Trace *pass_open(const char *path)
{
    TraceError error;
    Trace *trace = trace_open(path, &error);

    if (trace == NULL) {
        pass_fail(&error);
    }
    return trace;
}

Pass pass_begin(Trace *trace, uint32_t region, const char *what)
{
    Pass pass = {.trace = trace, .region = region};

    trace_rewind(trace);
    progress_begin(&pass.progress, what);
    return pass;
}

static bool is_wanted(const Pass *pass, const TraceEvent *event)
{
    return pass->all || event->region == pass->region ||
           (event->op == TRACE_RARE &&
            (event->rare == TRACE_THREAD_BEGINS || event->rare == TRACE_THREAD_ENDS));
}

bool pass_next(Pass *pass, TraceEvent *event)
{
    TraceError error;
    int result;

    while ((result = trace_next(pass->trace, event, &error)) > 0) {
        if (pass->seen++ % TELL == 0) {
            progress_tell(&pass->progress, trace_progress(pass->trace));
        }
        if (is_wanted(pass, event)) {
            return true;
        }
    }
    if (result < 0) {
        progress_end(&pass->progress);
        pass_fail(&error);
    }
    return false;
}

void pass_end(Pass *pass)
{
    progress_end(&pass->progress);
}
