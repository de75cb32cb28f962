/* SPDX-License-Identifier: MIT
 *
 * Threads that measure together: what they have in common, how they begin and end, what is told of
 * them. */
#ifndef CREW_H
#define CREW_H

#include "bench.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum {
    LINE = 64,      /* bytes of a cache line, which not two threads should write to */
    BATCH = 64,     /* blocks that change hands at once */
    CHOICES = 65536 /* sizes and places that are settled before the clock starts, and come again */
};

/* A ring of batches, from one thread to another. */
typedef struct Ring {
    _Alignas(LINE) _Atomic size_t put;   /* batches that were put in, ever */
    _Alignas(LINE) _Atomic size_t taken; /* batches that were taken out, ever */
    _Alignas(LINE) void **blocks;
    size_t slots; /* batches that it has room for */
    size_t batch; /* blocks of a batch */
} Ring;

/* One thread, or one after the other where they have successors. */
typedef struct Member {
    _Alignas(LINE) size_t choice; /* that is next */
    size_t turns_done;
    void **blocks;
    uint32_t *asked;     /* bytes that each block was asked for with, in apart */
    Ring *ring;          /* that it puts batches in or, in remote, takes them from */
    double began, ended; /* nanoseconds */
} Member;

/* All threads of a round: what they have in common. */
typedef struct Crew {
    const Heap *heap;
    Member *members;
    uint32_t threads;
    uint32_t live;    /* blocks of each thread */
    size_t turn;      /* pairs of a turn: a batch, a burst, the life of a thread */
    size_t turns;     /* of each thread */
    uint32_t *sizes;  /* what to allocate, CHOICES of them */
    uint32_t *places; /* of the blocks to replace, CHOICES - 1, so that they meet all sizes */
    uint32_t *order;  /* in which the blocks of a burst are freed, at random */
    pthread_barrier_t start;
    sem_t ended;
} Crew;

/* That of this process: a round has one. */
extern Crew crew;

/* Makes a crew for the setting, the pairs shared out among turns of that many, or of fewer. */
void crew_init(const Heap *heap, const Setting *setting, size_t turn);

/* Settles the places. */
void crew_choose_places(void);

/* Has each member do its work, from one moment on, and emits the time that it took, and the memory.
 * The work calls member_begin and member_end. */
void crew_run(void *(*work)(void *));

/* Starts a thread. Ends the process if there can be no further one. */
void start_thread(pthread_t *thread, void *(*work)(void *), void *argument);

/* Waits for all members, and starts the member's clock. */
void member_begin(Member *member);

/* Stops the member's clock. */
void member_end(Member *member);

/* Waits until all members have come here. */
void member_meet(void);

/* Makes a ring of batches of so many blocks, with room for about as many blocks as given. */
Ring *ring_make(size_t batch, size_t blocks);

/* The blocks of the batch of that number, ever. */
static inline void **ring_batch(const Ring *ring, size_t number)
{
    return ring->blocks + number % ring->slots * ring->batch;
}

/* The size to allocate next, and the place of the block to replace with it. */
static inline uint32_t next_size(Member *member)
{
    return crew.sizes[member->choice++ % CHOICES];
}

static inline uint32_t next_place(const Member *member)
{
    return crew.places[member->choice % (CHOICES - 1)];
}

#endif
