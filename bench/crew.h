/* SPDX-License-Identifier: MIT
 *
 * Threads that measure together: their common data, how they start and end, and their figures. */
#ifndef CREW_H
#define CREW_H

#include "bench.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum {
    LINE = 64,      /* bytes of a cache line, to be written by one thread only */
    BATCH = 64,     /* blocks that change hands at once */
    CHOICES = 65536 /* sizes and places chosen before the clock starts, and reused */
};

/* A ring of batches, from one thread to another. */
typedef struct Ring {
    _Alignas(LINE) _Atomic size_t put;   /* batches ever put in */
    _Alignas(LINE) _Atomic size_t taken; /* batches ever taken out */
    _Alignas(LINE) void **blocks;
    size_t slots; /* batches that there is room for */
    size_t batch; /* blocks of a batch */
} Ring;

/* One thread, or a sequence of successors. */
typedef struct Member {
    _Alignas(LINE) size_t choice; /* number of the next choice */
    size_t turns_done;
    void **blocks;
    uint32_t *asked;     /* in apart, the requested bytes of each block */
    Ring *ring;          /* ring that it fills; in remote, also the one that it empties */
    double began, ended; /* nanoseconds */
} Member;

/* The common data of all threads of a round. */
typedef struct Crew {
    const Heap *heap;
    Member *members;
    uint32_t threads;
    uint32_t live;    /* blocks of each thread */
    size_t turn;      /* pairs of a turn: a batch, a burst, the life of a thread */
    size_t turns;     /* turns of each thread */
    uint32_t *sizes;  /* CHOICES sizes to allocate */
    uint32_t *places; /* CHOICES - 1 places of blocks to replace, so that they meet all sizes */
    uint32_t *order;  /* random order in which the blocks of a burst are freed */
    pthread_barrier_t start;
    sem_t ended;
} Crew;

/* The crew of this process: a round has one. */
extern Crew crew;

/* Makes a crew for the setting. Each thread's share of the pairs is divided into turns of `turn`
 * pairs, or fewer. */
void crew_init(const Heap *heap, const Setting *setting, size_t turn);

/* Chooses the places. */
void crew_choose_places(void);

/* Runs the members at the same time, and emits their time and memory. The work calls member_begin
 * and member_end. */
void crew_run(void *(*work)(void *));

/* Starts a thread. Ends the process if that fails. */
void start_thread(pthread_t *thread, void *(*work)(void *), void *argument);

/* Waits for all members, and starts the member's clock. */
void member_begin(Member *member);

/* Stops the member's clock. */
void member_end(Member *member);

/* Waits until all members have come here. */
void member_meet(void);

/* Makes a ring of batches of `batch` blocks, with room for about `blocks` blocks. */
Ring *ring_make(size_t batch, size_t blocks);

/* Returns the blocks of the batch of that number, counted from the first. */
static inline void **ring_batch(const Ring *ring, size_t number)
{
    return ring->blocks + number % ring->slots * ring->batch;
}

/* Return the size to allocate next, and the place of the block to replace with it. */
static inline uint32_t next_size(Member *member)
{
    return crew.sizes[member->choice++ % CHOICES];
}

static inline uint32_t next_place(const Member *member)
{
    return crew.places[member->choice % (CHOICES - 1)];
}

#endif
