/* SPDX-License-Identifier: MIT
 *
 * Records what a program asks of its heap: an event for each call, in a chunk of the thread's own. No call takes a
 * lock. What a thread asks for while it is in the recorder, or resizes a block, is not recorded.
 *
 * So that events can be brought into one order, those that end a block's life are recorded before they take effect,
 * and those that begin one afterwards, but before the program has the block. */
#ifndef MEM_RECORD_RECORD_H
#define MEM_RECORD_RECORD_H

#include "record/source.h"

/* Where a call comes from. */
typedef struct RecordCaller {
    const void *address; /* where it returns to */
    const void *frame;   /* of a function of ours, from which the way leads to that place */
} RecordCaller;

/* That of the function which this is written in. address: where the program's call returns to. */
#define RECORD_CALLER(address) ((RecordCaller){(address), __builtin_frame_address(0)})

enum { RECORD_STACK = 64 /* frames of a caller at most, beyond the first */ };

typedef struct RecordOptions {
    const Source *source;
    unsigned stack; /* frames to be recorded beyond the first: RECORD_STACK at most */
    uint64_t start; /* ns of CLOCK_MONOTONIC at time 0 */

    const void *own; /* an address in the module that the program calls */

    /* Tells of the program and its regions, by the source's inform() and record_rare(). Called when a file begins. */
    void (*describe)(void);
} RecordOptions;

/* Begins. From here on the process is recorded, but for children that it forks. False: the kernel can't tell these from
 * it, which has been said. Calls no function that others may replace. */
bool record_start(const RecordOptions *options);

/* To be called once after that: this may allocate. */
void record_prepare(void);

/* The frames that LIBMEM_RECORD_STACK asks for. */
unsigned record_wanted_stack(void);

/* Whether the process is recorded. */
bool record_is_on(void);

/* Has the thread look which modules there are. */
void record_look(void);

/* Ends: the process goes on unrecorded. */
void record_stop(void);

/* What was asked for. alignment: bytes, a power of two; 0: as it comes. region: its number. */
typedef struct RecordRequest {
    size_t size;
    size_t alignment;
    unsigned region;
    RawKind kind; /* RAW_ALLOC or RAW_CALLOC */
} RecordRequest;

/* A block was allocated; NULL: there was no memory for it. */
void record_alloc(RecordCaller caller, const RecordRequest *request, const void *block);

/* A block is about to be freed. What is none is found out by readers. */
void record_free(RecordCaller caller, unsigned region, const void *block);

/* A block is about to be resized. True: record_move_to must be told what came of it; block: where it is now; NULL: there
 * was no memory, and it is as it was. */
bool record_move_from(RecordCaller caller, unsigned region, const void *block);
void record_move_to(RecordCaller caller, const RecordRequest *request, const void *block);

/* Something rare happened: see TraceRare. */
void record_rare(TraceRare rare, unsigned region, uint64_t a, uint64_t b, const char *text);

#endif
