/* SPDX-License-Identifier: MIT
 *
 * Brings the records of threads into one order. Records are added as spans, in each thread's own order; merge_next()
 * gives one event after another: by their stamps, and such that no block is handed out while it is live.
 *
 * What the recorder must keep to, so that this order is right however late a record arrives:
 *
 *   - a free, and RAW_MOVE_FROM, is stamped and published (`used` of its chunk is stored) before it takes effect;
 *   - an allocation, and RAW_MOVE_TO, is stamped after it took effect, and published before its caller gets the block;
 *   - the live writer reads the clock first, then `used` of every chunk, adds what is new, and passes that clock (or
 *     less) as `until`.
 *
 * So an allocation that was stamped before `until` always comes with the free that made it possible: this was published
 * before the allocation took effect, and the allocation of a free not seen yet is stamped later than `until`. A thread
 * that was interrupted between its stamp and publishing comes a few places late, and nothing else happens. A few
 * milliseconds less than the clock make that rare. */
#ifndef MEM_REPLAY_MERGE_H
#define MEM_REPLAY_MERGE_H

#include "replay/trace-read.h"

typedef struct Merge Merge;

/* What the merger calls. */
typedef struct MergeUser {
    void *context; /* given to each */

    /* The number of a node of the tree of callers, as trace_write_caller() gives it. */
    uint32_t (*caller)(void *context, uint64_t address, uint32_t parent);

    /* All records of a span are read: its memory may be used anew. May call merge_add(): a reader of files does, with
     * the same thread's next chunk. NULL: nobody wants to know. */
    void (*done)(void *context, void *span);
} MergeUser;

/* NULL: no memory. */
Merge *merge_create(const MergeUser *user);
void merge_destroy(Merge *merge);

/* A moment of the threads' clock: its ticks, and ns since time 0. frequency: ticks in a second; 0: it is had from the
 * first and the latest such moment. One before the first event, others at any time. */
void merge_clock(Merge *merge, uint64_t ticks, uint64_t ns, uint64_t frequency);

/* Appends records to a thread's. They stay where they are until done() is called with `span`. RAW_MORE and the record
 * that it belongs to are in one span; RAW_MOVE_FROM and what follows it may be in two. False: no memory. */
bool merge_add(Merge *merge, uint32_t thread, const TraceRaw *records, size_t count, void *span);

/* The next event whose stamp is less than `until`; UINT64_MAX: all are there. Of the event's block, number says which:
 * allocations are numbered from 0 on, as trace_write() does. Returns 1, 0 if there is none, or -1 if there is no memory
 * or a record is wrong: then see merge_wrong(). */
int merge_next(Merge *merge, uint64_t until, TraceEvent *event);

/* The record that is wrong, and why; NULL: there is no memory. */
const TraceRaw *merge_wrong(const Merge *merge, const char **why);

/* What was found by the way. */
typedef struct MergeCounts {
    uint64_t
        unknown; /* frees and resizes of blocks that were not allocated while this was recorded: left out */
    uint64_t
        forced; /* blocks whose free is missing: a free was put before the next allocation at their address */
    uint64_t late; /* records that arrived with a stamp before one that had been given already */
    uint64_t live; /* blocks */
} MergeCounts;
MergeCounts merge_counts(const Merge *merge);

#endif
