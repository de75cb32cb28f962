/* SPDX-License-Identifier: MIT
 *
 * The threads whose records are merged, with their unread records, in the order of their turns. */
#ifndef MEM_REPLAY_MERGE_THREADS_H
#define MEM_REPLAY_MERGE_THREADS_H

#include "replay/merge-blocks.h"
#include "replay/merge.h"

/* Records added together. */
typedef struct MergeSpan {
    struct MergeSpan *next; /* of the same thread */
    const TraceRaw *records;
    size_t count; /* of records; not 0 */
    void *name;   /* what done() is told */
} MergeSpan;

typedef struct MergeThread {
    uint32_t number;  /* of the recorder's */
    MergeSpan *spans; /* that are not read yet; NULL: none */
    MergeSpan **last; /* where the next span is to be hung up */
    size_t
        next; /* records of the first span that are read: its first RAW_MORE, or its head itself */
    size_t head;   /* the record of the next event, behind what RAW_MORE it has */
    uint64_t turn; /* the stamp when it is its turn: of its head, or later, while it waits */
    bool waits;    /* for the address of its head to become free, or used */
    MergeBlock
        moved; /* between RAW_MOVE_FROM and what follows it: that block; address 0: none, or an unknown one */
} MergeThread;

/* All 0: none. */
typedef struct MergeThreads {
    MergeThread **all; /* by their numbers: a hash table with open addressing */
    size_t places;     /* of all: a power of two; 0: none yet */
    size_t count;      /* of threads */
    MergeThread **
        heap; /* those with records: the one whose turn it is first; a binary heap. As many as all's places */
    size_t ready;   /* of threads in the heap */
    size_t waiting; /* of threads that wait */
} MergeThreads;

/* Appends a span to a thread. Returns false without memory. */
bool threads_add(MergeThreads *threads, uint32_t number, const MergeSpan *span);

/* Advances the first thread of the heap past its head, and reorders the heap. Returns a span that
 * is read to its end, for the caller to free, or NULL. */
MergeSpan *threads_advance(MergeThreads *threads);

/* Make the first thread of the heap wait until a stamp; make threads that wait for an address look
 * again. */
void threads_wait(MergeThreads *threads, uint64_t until);
void threads_wake(MergeThreads *threads, uint64_t address);

void threads_free(MergeThreads *threads);

static inline const TraceRaw *threads_head(const MergeThread *thread)
{
    return &thread->spans->records[thread->head];
}

static inline RawKind raw_kind(const TraceRaw *record)
{
    return (RawKind)(record->caller >> RAW_KIND_SHIFT & 0xf);
}

#endif
