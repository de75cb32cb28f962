/* SPDX-License-Identifier: MIT
 *
 * Reads traces: one event after another, in the order in which they happened. Merged and raw traces
 * look alike. Memory is bounded by the most live blocks. */
#ifndef MEM_REPLAY_TRACE_READ_H
#define MEM_REPLAY_TRACE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/trace.h"

typedef struct Trace Trace;

/* An error in a file: a sentence with its name and the byte. */
typedef struct TraceError {
    char text[512];
} TraceError;

/* A live block. */
typedef struct TraceBlock {
    uint64_t number;    /* blocks are numbered as they are allocated, from 0 on */
    uint64_t size;      /* bytes as asked for */
    uint64_t born;      /* the number of the event that allocated it */
    uint64_t born_time; /* microseconds */
    uint32_t caller;    /* that allocated it, or gave it its size */
    uint32_t thread;
    uint16_t region;
    uint8_t alignment_log2; /* 0: the region's */
} TraceBlock;

typedef struct TraceEvent {
    uint64_t number; /* of the event, from 0 on */
    uint64_t time;   /* microseconds since the recording began; never less than before */
    TraceOp op;
    uint32_t thread;    /* from 0 on */
    uint32_t region;    /* from 0 on */
    uint32_t caller;    /* a node: see trace_caller; 0: unknown */
    uint64_t size;      /* asked for: allocations, resizes, and those that failed */
    uint64_t alignment; /* bytes, a power of two; 0: the region's */
    /* For allocations, resizes and frees: a small number of the block, reused after it is free. A
     * table by slots needs trace_slots() places. */
    uint32_t slot;
    TraceBlock block; /* what it was before a resize or a free; what it is after an allocation */
    TraceRare
        rare; /* of TRACE_RARE, here and below. The blocks of a region that ends, or is reset, are live until
                          the next event is read. */
    uint64_t a, b;
    const char *text; /* ends with a 0; until the next event is read */
} TraceEvent;

/* Opens a file. NULL: error says why. */
Trace *trace_open(const char *path, TraceError *error);
void trace_close(Trace *trace);

/* Reads the next event. Returns 1, 0 at the end, or -1 with the reason in error. */
int trace_next(Trace *trace, TraceEvent *event, TraceError *error);

/* Goes back to the first event. */
void trace_rewind(Trace *trace);

/* Return the number of events, and whether the trace is complete. If the program was killed, the
 * end is missing, and the number is known only after all events are read; 0: unknown. */
uint64_t trace_events(const Trace *trace);
bool trace_is_complete(const Trace *trace);

/* Returns the part of the file read so far: 0 to 1. */
double trace_progress(const Trace *trace);

/* Return a number greater than any slot so far, and the live block at a slot. */
uint32_t trace_slots(const Trace *trace);
const TraceBlock *trace_live(const Trace *trace, uint32_t slot); /* NULL: nothing */

/* Returns a value of the description of program and machine, or NULL. mem-trace(5) lists the
 * keys. */
const char *trace_info(const Trace *trace, const char *key);

/* Returns its lines "key=value", from index 0 on; NULL: no more. */
const char *trace_info_line(const Trace *trace, size_t index);

const char *trace_path(const Trace *trace); /* as it was opened */
uint64_t trace_start(const Trace *trace);   /* ns since 1970 of time 0 */

/* A node of the tree of callers. */
typedef struct TraceCaller {
    uint64_t address; /* where the call returns to */
    uint32_t parent;  /* the node that called this one; 0: not known */
} TraceCaller;

TraceCaller trace_caller(const Trace *trace, uint32_t caller);
uint32_t trace_callers(const Trace *trace); /* more than any number of a node so far */

/* A module of the recorded program. */
typedef struct TraceModule {
    uint64_t start, bytes; /* of addresses */
    uint64_t bias;         /* an address less this is that in the file */
    uint64_t loaded,
        unloaded; /* the numbers of the events before which that happened; UINT64_MAX: never */
    const char *path;
    const unsigned char *build_id;
    size_t build_id_bytes;
} TraceModule;

/* Return the modules read so far. */
size_t trace_modules(const Trace *trace);
const TraceModule *trace_module(const Trace *trace, size_t index);

/* Returns the module of an address at an event; NULL: none. */
const TraceModule *trace_find_module(const Trace *trace, uint64_t address, uint64_t event);

#endif
