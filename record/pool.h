/* SPDX-License-Identifier: MIT
 *
 * The memory that a program recorded by memrun shares with the process that writes its trace: a header, and chunks. A
 * thread takes a free chunk, fills it, hands it in, and takes the next one. The writer reads chunks while they are
 * filled, and frees those that are full. No lock: a program may be killed at any moment. */
#ifndef MEM_RECORD_POOL_H
#define MEM_RECORD_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "record/trace.h"

/* Tells a program which memory that is: "PROCESS:PATH". Only that process is recorded; it may become another
 * program. */
#define POOL_VARIABLE "LIBMEM_RECORDER"

#define POOL_MAGIC "MEMPOOL"

enum {
    POOL_VERSION = 1,
    POOL_CHUNK = 16 << 10, /* bytes of a chunk */
    /* Chunks that threads fill and the writer has not read yet: 8 MiB. Each thread has one, in any case: so there are more
     * of them, which take memory only when there are so many threads. */
    POOL_USUAL = 512,
    POOL_CHUNKS = 4096,
    POOL_HEADER = 64 << 10, /* bytes before the first chunk */
    POOL_INFO = 32 << 10,   /* bytes of text at most */
    POOL_WAKE = 32 /* full chunks that the writer is woken for; for fewer it comes by itself */
};

#define POOL_BYTES ((size_t)POOL_HEADER + (size_t)POOL_CHUNKS * POOL_CHUNK)

typedef enum PoolState {
    POOL_FREE,
    POOL_TAKEN,  /* by a thread, which is about to write what it begins with */
    POOL_IN_USE, /* a thread fills it */
    POOL_FULL    /* it does so no more */
} PoolState;

/* What the writer does. */
typedef enum PoolWriter {
    POOL_WRITES, /* it reads chunks */
    POOL_DONE,   /* the file is finished */
    POOL_FAILED  /* it could not go on, and has said why */
} PoolWriter;

typedef struct SharedPool {
    unsigned char magic[8];
    uint32_t version;   /* POOL_VERSION */
    uint32_t process;   /* that is recorded: its number */
    uint32_t writer;    /* likewise */
    uint32_t clock;     /* TraceClock of all stamps */
    uint64_t frequency; /* of it: ticks in a second */
    uint64_t start;     /* ns of CLOCK_MONOTONIC at time 0 */
    uint32_t stack;     /* frames of callers to be recorded beyond the first */
    /* Atomic, from here on. */
    uint32_t images;    /* programs that the process has been: a region each */
    uint32_t threads;   /* numbers of threads that were given out */
    uint32_t told;      /* 1: somebody has said that children are not recorded */
    uint32_t handed_in; /* chunks, modulo 2^32. The writer sleeps on it */
    uint32_t sleeping;  /* 1: the writer does */
    uint32_t read;      /* chunks that were read and are free, modulo 2^32. Threads wait on it */
    uint32_t waiting;   /* threads that do */
    uint32_t ending;    /* 1: the program has done all it will */
    uint32_t state;     /* PoolWriter; the program waits on it */
    uint32_t info;      /* 1 + bytes of text; 0: not there yet */
    unsigned char states[POOL_CHUNKS]; /* PoolState of each chunk */
    char text[POOL_INFO];              /* of info: a "key=value" a line */
} SharedPool;

_Static_assert(sizeof(SharedPool) <= POOL_HEADER, "the chunks follow it");

static inline TraceChunk *pool_chunk(SharedPool *pool, size_t index)
{
    return (TraceChunk *)(void *)((char *)pool + POOL_HEADER + index * POOL_CHUNK);
}

#endif
