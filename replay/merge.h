/* SPDX-License-Identifier: MIT
 *
 * Brings the records of threads into one order. Records are added as spans, in each thread's own
 * order. merge_next() returns one event after another: by their stamps, and such that no block is
 * handed out while it is live.
 *
 * For this order to be right however late a record arrives, the recorder must obey these rules:
 *
 *   - a free, and RAW_MOVE_FROM, is stamped and published (`used` of its chunk is stored) before it
 *     takes effect;
 *   - an allocation, and RAW_MOVE_TO, is stamped after it took effect, and published before its
 *     caller gets the block;
 *   - the live writer reads the clock first, then `used` of every chunk, adds the new records, and
 *     passes that clock (or less) as `until`.
 *
 * So an allocation stamped before `until` always comes with the free that made it possible: that
 * free was published before the allocation took effect, and the allocation after a free not seen
 * yet is stamped later than `until`. A thread interrupted between its stamp and publishing comes a
 * few places late, and nothing else happens. Subtracting a few milliseconds from the clock makes
 * that rare. */
#ifndef MEM_REPLAY_MERGE_H
#define MEM_REPLAY_MERGE_H

#include "replay/trace-read.h"

typedef struct Merge Merge;

/* Functions that the merger calls. */
typedef struct MergeUser {
    void *context; /* given to each */

    /* Returns the number of a node of the tree of callers, as trace_write_caller() does. */
    uint32_t (*caller)(void *context, uint64_t address, uint32_t parent);

    /* Called when all records of a span are read: its memory may be reused. May call merge_add(): a
     * reader of files does, with the same thread's next chunk. NULL: not called. */
    void (*done)(void *context, void *span);
} MergeUser;

/* Creates a merger. NULL: no memory. */
Merge *merge_create(const MergeUser *user);
void merge_destroy(Merge *merge);

/* Adds a moment of the threads' clock: its ticks, and ns since time 0. frequency: ticks in a
 * second; 0: derived from the first and the latest moment. Call it once before the first event, and
 * at any later time. */
void merge_clock(Merge *merge, uint64_t ticks, uint64_t ns, uint64_t frequency);

/* Appends records to a thread. They must stay in place until done() is called with `span`. RAW_MORE
 * and its record are in one span; RAW_MOVE_FROM and the record after it may be in two. Returns
 * false without memory. */
bool merge_add(Merge *merge, uint32_t thread, const TraceRaw *records, size_t count, void *span);

/* Returns the next event with a stamp less than `until`; UINT64_MAX: all records are there.
 * event->block.number names the block: allocations are numbered from 0 on, as by trace_write(). The
 * result is 1; 0 if there is no event; or -1 if there is no memory or a record is wrong: then see
 * merge_wrong(). */
int merge_next(Merge *merge, uint64_t until, TraceEvent *event);

/* Returns the wrong record, and the reason; NULL: there is no memory. */
const TraceRaw *merge_wrong(const Merge *merge, const char **why);

/* Irregularities found while merging. */
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
