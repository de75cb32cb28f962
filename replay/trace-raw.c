/* SPDX-License-Identifier: MIT */
#include "replay/trace-inner.h"

RawReader *raw_open(Trace *trace, TraceError *error)
{
    trace_fail(error, "%s: raw traces can not be read yet", trace->file.path);
    return NULL;
}

int raw_next(Trace *trace, TraceEvent *event, TraceError *error)
{
    (void)trace;
    (void)event;
    (void)error;
    return -1;
}

bool raw_rewind(Trace *trace, TraceError *error)
{
    (void)trace;
    (void)error;
    return true;
}

double raw_progress(const Trace *trace)
{
    (void)trace;
    return 0;
}

void raw_close(RawReader *raw)
{
    (void)raw;
}
