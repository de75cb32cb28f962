/* SPDX-License-Identifier: MIT
 *
 * Rewrites a trace: merged and compressed. */
#ifndef MEM_REPLAY_COMPRESS_H
#define MEM_REPLAY_COMPRESS_H

#include "replay/trace-read.h"

/* Copies a trace to a new file, completely or not at all. Replaces a file at that path, unless it
 * is the trace itself. tick, if not NULL, is called now and then; trace_progress() gives the
 * progress. Returns false, with the reason in error. */
bool compress_trace(Trace *trace, const char *path, void (*tick)(void *context, const Trace *trace),
                    void *context, TraceError *error);

#endif
