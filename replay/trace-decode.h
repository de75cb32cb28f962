/* SPDX-License-Identifier: MIT
 *
 * Reads events from the columns of an events frame. */
#ifndef MEM_REPLAY_TRACE_DECODE_H
#define MEM_REPLAY_TRACE_DECODE_H

#include "replay/trace-bytes.h"

typedef struct Decoder {
    Cursor column[TRACE_COLUMNS];
    uint32_t left;           /* events that are still to be read in this frame */
    uint64_t allocations;    /* so far, in all frames */
    uint64_t time;           /* of the last event in this frame, microseconds; 0: none yet */
    uint64_t least;          /* the time of the last event in all frames */
    uint32_t thread, region; /* of the last event in this frame; 0: none yet */
    uint32_t caller;         /* of the last event that has one */
    Bytes text;              /* of the last rare event */
} Decoder;

/* Begins a frame. Returns an error message, or NULL. The content must stay in place. */
const char *decode_begin(Decoder *decoder, const unsigned char *content, uint32_t bytes,
                         uint32_t events);

/* Reads an event, except its number, its slot, and the properties of its block other than the
 * number. Returns an error message, or NULL. */
const char *decode_event(Decoder *decoder, TraceEvent *event);

/* Returns an error message if a frame has content left after its last event, or NULL. */
const char *decode_finish(const Decoder *decoder);

void decode_end(Decoder *decoder);

#endif
