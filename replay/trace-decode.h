/* SPDX-License-Identifier: MIT
 *
 * The columns of an events frame, as events are read from them. */
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

/* Begins a frame. Returns what is wrong with it, or NULL. The content stays where it is. */
const char *decode_begin(Decoder *decoder, const unsigned char *content, uint32_t bytes,
                         uint32_t events);

/* Reads an event: all of it but its number, its slot, and what is known of its block other than the number. Returns
 * what is wrong, or NULL. */
const char *decode_event(Decoder *decoder, TraceEvent *event);

/* What is wrong if there is something left when all events of a frame are read, or NULL. */
const char *decode_finish(const Decoder *decoder);

void decode_end(Decoder *decoder);

#endif
