/* SPDX-License-Identifier: MIT
 *
 * What a thread has of the recorder: its number, and the chunk that it fills. */
#ifndef MEM_RECORD_THREAD_H
#define MEM_RECORD_THREAD_H

#include "base/bits.h"
#include "record/record.h"

/* The process that is recorded, in a page of its own that the kernel clears in forked children. */
typedef struct RecordProcess {
    uint32_t number; /* of the process; 0: nothing is recorded */
} RecordProcess;

extern HIDDEN RecordProcess *record_process;
extern HIDDEN RecordOptions record_options;

enum {
    RECORD_NEW = UINT32_MAX,     /* in place of a process: the thread has recorded nothing yet */
    RECORD_BUSY = RECORD_NEW - 1 /* it is in the recorder, and must not be recorded */
};

typedef struct RecordThread {
    uint32_t process; /* that is recorded, as in RecordProcess; or a constant above */
    uint32_t number;  /* of the thread: 0, 1, … */
    TraceRaw *next;   /* where the next record goes */
    TraceRaw *
        end; /* so far there is room; `next` if there is something to be done before the next event */
    SourceChunk chunk; /* {NULL}: none */
    uint64_t sequence; /* of the next chunk */
    uintptr_t
        stack_end; /* the first address beyond the thread's stack; 0: not known yet, 1: can't be known */
} RecordThread;

/* The thread's, with room for some more records. NULL: the call is not to be recorded. */
RecordThread *record_enter(size_t records);

/* Appends a record. There is room. word: the last of a TraceRaw. */
static inline void record_put(RecordThread *self, TraceRaw raw)
{
    *self->next++ = raw;
}

/* Lets others see what was appended. */
static inline void record_publish(RecordThread *self)
{
    const char *first = (const char *)(self->chunk.chunk + 1);

    __atomic_store_n(&self->chunk.chunk->used, (uint32_t)((const char *)self->next - first),
                     __ATOMIC_RELEASE);
}

/* Makes room for some more records, by the next chunk if it must be. False: there is none. */
bool record_reserve(RecordThread *self, size_t records);

/* As record_rare, of a thread that has entered. */
void record_put_rare(RecordThread *self, TraceRare rare, unsigned region, const uint64_t words[2],
                     const char *text);

#endif
