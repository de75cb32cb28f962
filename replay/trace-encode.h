/* SPDX-License-Identifier: MIT
 *
 * Fills the columns of an events frame with events. */
#ifndef MEM_REPLAY_TRACE_ENCODE_H
#define MEM_REPLAY_TRACE_ENCODE_H

#include "replay/trace-bytes.h"

enum {
    ENCODE_EVENTS = 64 << 10,   /* in a frame, at most */
    ENCODE_TEXT_MAX = 64 << 10, /* bytes of a rare event's text: longer ones are cut off */
    ENCODE_RARE_MAX = 1 << 20   /* bytes of rare events in a frame, but for the last one */
};

typedef struct Encoder {
    uint32_t events;         /* in this frame */
    uint64_t allocations;    /* so far, in all frames */
    uint64_t base;           /* in all frames before */
    uint64_t time;           /* of the last event in this frame, microseconds; 0: none yet */
    uint32_t thread, region; /* of the last event in this frame; 0: none yet */
    uint32_t caller;         /* of the last event that has one */
    unsigned char *column[TRACE_COLUMNS]; /* room for ENCODE_EVENTS numbers each; but for `rare` */
    unsigned char *next[TRACE_COLUMNS];   /* where the next number of each goes */
    Bytes rare;
    Bytes content; /* the columns put together */
} Encoder;

/* Begins encoding. Returns false without memory. encode_end() must follow in either case. */
bool encode_begin(Encoder *encoder);
void encode_end(Encoder *encoder);

/* Appends an event; the frame must not be full. Numbers an allocation. Returns false without
 * memory. */
bool encode_event(Encoder *encoder, TraceEvent *event);

static inline bool encode_is_full(const Encoder *encoder)
{
    return encoder->events == ENCODE_EVENTS || encoder->rare.used >= ENCODE_RARE_MAX;
}

/* Joins the columns to the frame's content. Returns false without memory. */
bool encode_gather(Encoder *encoder);

/* Begins the next frame. */
void encode_next(Encoder *encoder);

#endif
