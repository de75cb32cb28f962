/* SPDX-License-Identifier: MIT
 *
 * Common to the readers of merged and of raw traces. */
#ifndef MEM_REPLAY_TRACE_INNER_H
#define MEM_REPLAY_TRACE_INNER_H

#include "replay/trace-callers.h"
#include "replay/trace-decode.h"
#include "replay/trace-frame.h"
#include "replay/trace-live.h"
#include "replay/trace-modules.h"

typedef struct RawReader RawReader;

struct Trace {
    FrameFile file;
    uint64_t start; /* ns since 1970 of time 0 */
    uint64_t first; /* where the first frame begins: bytes from the file's beginning */
    uint64_t
        events; /* in all, as the index says; without one, when they have been read; 0: not known yet */
    bool complete; /* there is an index */

    uint64_t next;   /* where the next frame begins */
    uint64_t number; /* of the next event */
    uint64_t frame;  /* where the frame that is being read begins */
    Unpacker unpacker;
    Decoder decoder;
    RawReader *raw; /* NULL: the trace is a merged one */

    Live live;
    uint32_t
        ended; /* a region whose blocks are to be forgotten before the next event; REGION_NONE: none */
    Callers callers;       /* kept when the trace is read again */
    uint64_t callers_from; /* callers frames before this byte of the file are in `callers` */
    Modules modules;       /* kept likewise */
    Bytes info;            /* "key=value" lines, each ends with a 0 in place of its line feed */
};

#define REGION_NONE UINT32_MAX

/* Maps the file, and reads its header and its index, if there is one. False: error says why. */
bool trace_open_file(Trace *trace, TraceError *error);

/* Completes an event that lacks its number, its slot, and the properties of its block other than
 * the number. Returns an error message, or NULL. */
const char *trace_take(Trace *trace, TraceEvent *event);

/* Appends the content of an info frame. Returns false, with the reason in error. */
bool trace_take_info(Trace *trace, uint64_t offset, const TraceFrame *header, TraceError *error);

/* The reader of raw traces. raw_open() sets trace->raw, after the info frames before trace->next
 * are read. raw_next() reads an event, as trace_next() does. */
bool raw_open(Trace *trace, TraceError *error);
int raw_next(Trace *trace, TraceEvent *event, TraceError *error);
void raw_rewind(Trace *trace);
double raw_progress(const Trace *trace);
void raw_close(RawReader *raw);

#endif
