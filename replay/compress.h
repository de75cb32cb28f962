/* SPDX-License-Identifier: MIT
 *
 * Writes a trace anew: merged and compressed. */
#ifndef MEM_REPLAY_COMPRESS_H
#define MEM_REPLAY_COMPRESS_H

#include "replay/trace-read.h"

/* Copies a trace to a new file, whole or not at all; a file at that path is replaced, unless it is the trace itself.
 * tick, if not NULL, is called from time to time, with its context: trace_progress() tells how far it is. False:
 * error says why. */
bool compress_trace(Trace *trace, const char *path, void (*tick)(void *context, const Trace *trace),
                    void *context, TraceError *error);

#endif
