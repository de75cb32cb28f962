/* SPDX-License-Identifier: MIT
 *
 * Threads: nanoseconds of one free and one alloc where several threads make them, all threads
 * together, by the wall clock; and the most memory that the process ever had resident.
 *
 *   remote   one thread allocates, another one frees
 *   server   a thread replaces blocks of its own, then hands all of them to a successor and ends.
 *            After: P. Larson, M. Krishnan, "Memory allocation for long-running server
 *            applications", ISMM 1998
 *   burst    thousands of blocks allocated, then all of them freed, by all threads at once
 *   spawn    threads that live for a few blocks only */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BATCH = 64,     /* blocks that change hands at once, in remote */
    LINE = 64,      /* bytes of a cache line, which not two threads should write to */
    TURN = 10,      /* pairs for each live block until the successor comes, in server */
    SPINS = 64,     /* looks at what another thread should do, before the processor is offered */
    CHOICES = 65536 /* sizes and places that are settled before the clock starts, and come again */
};

/* A ring of batches, from one thread to another. */
typedef struct Ring {
    _Alignas(LINE) _Atomic size_t put;   /* batches that were put in, ever */
    _Alignas(LINE) _Atomic size_t taken; /* batches that were taken out, ever */
    _Alignas(LINE) void **blocks;
    size_t slots;
} Ring;

typedef struct Member Member;

/* All threads of a round: what they have in common. */
static struct Crew {
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
} crew;

/* One thread, or one after the other where they have successors. */
struct Member {
    _Alignas(LINE) size_t choice; /* that is next */
    size_t turns_done;
    void **blocks;
    Ring *ring;
    double began, ended; /* nanoseconds */
};

/* ------------------------------------------------------------------------------------------------
 * Threads
 * --------------------------------------------------------------------------------------------- */

static double now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void start_thread(pthread_t *thread, void *(*work)(void *), void *argument)
{
    int error = pthread_create(thread, NULL, work, argument);

    if (error != 0) {
        fprintf(stderr, "bench: no further thread: %s\n", strerror(error));
        exit(EXIT_FAILURE);
    }
}

static void crew_init(const Heap *heap, const Setting *setting, size_t turn)
{
    size_t share = (size_t)(setting->pairs / setting->threads);

    crew.heap = heap;
    crew.threads = (uint32_t)setting->threads;
    crew.live = (uint32_t)setting->live;
    crew.turn = turn < share ? turn : share;
    crew.turns = share / crew.turn;
    crew.sizes = workload_memory(CHOICES * sizeof *crew.sizes, 1);
    for (size_t i = 0; i < CHOICES; i++)
        crew.sizes[i] = random_size();
    crew.members = workload_memory(crew.threads * sizeof *crew.members, 1);
    for (uint32_t i = 0; i < crew.threads; i++) {
        crew.members[i].choice = random_below(CHOICES);
        crew.members[i].blocks = workload_memory(crew.live * sizeof(void *), 1);
    }
    pthread_barrier_init(&crew.start, NULL, crew.threads);
    sem_init(&crew.ended, 0, 0);
}

static uint32_t next_size(Member *member)
{
    return crew.sizes[member->choice++ % CHOICES];
}

static void member_begin(Member *member)
{
    pthread_barrier_wait(&crew.start);
    member->began = now(CLOCK_MONOTONIC);
}

static void member_end(Member *member)
{
    member->ended = now(CLOCK_MONOTONIC);
    sem_post(&crew.ended);
}

/* From when the first one began until the last one ended. */
static double time_of_crew(void)
{
    double began = crew.members[0].began;
    double ended = crew.members[0].ended;

    for (uint32_t i = 1; i < crew.threads; i++) {
        began = crew.members[i].began < began ? crew.members[i].began : began;
        ended = crew.members[i].ended > ended ? crew.members[i].ended : ended;
    }
    return ended - began;
}

/* Has each member do its work, from one moment on, and emits the time that it took. */
static void crew_run(void *(*work)(void *))
{
    pthread_t *threads = workload_memory(crew.threads * sizeof *threads, 1);
    double pairs = (double)crew.turn * (double)crew.turns * crew.threads;
    double processor = now(CLOCK_PROCESS_CPUTIME_ID);

    for (uint32_t i = 0; i < crew.threads; i++)
        start_thread(&threads[i], work, &crew.members[i]);
    for (uint32_t i = 0; i < crew.threads; i++) {
        while (sem_wait(&crew.ended) != 0)
            continue;
    }
    for (uint32_t i = 0; i < crew.threads; i++)
        pthread_join(threads[i], NULL);
    emit("pair", "ns", time_of_crew() / pairs);
    emit("processor", "ns", (now(CLOCK_PROCESS_CPUTIME_ID) - processor) / pairs);
    emit_memory(crew.heap);
}

/* ------------------------------------------------------------------------------------------------
 * remote
 * --------------------------------------------------------------------------------------------- */

/* Waits until counter is no longer what it was. */
static size_t wait_past(_Atomic size_t *counter, size_t was)
{
    size_t is;

    for (unsigned spins = 0; (is = atomic_load_explicit(counter, memory_order_acquire)) == was;) {
        if (++spins % SPINS == 0)
            sched_yield();
    }
    return is;
}

static void produce(Member *member, size_t batches)
{
    Ring *ring = member->ring;
    size_t taken = 0;

    for (size_t put = 0; put < batches; put++) {
        if (put - taken == ring->slots)
            taken = wait_past(&ring->taken, taken);
        void **batch = ring->blocks + put % ring->slots * crew.turn;
        for (size_t i = 0; i < crew.turn; i++)
            batch[i] = alloc_or_end(crew.heap, next_size(member));
        atomic_store_explicit(&ring->put, put + 1, memory_order_release);
    }
}

static void consume(const Member *member, size_t batches)
{
    Ring *ring = member->ring;
    size_t put = 0;

    for (size_t taken = 0; taken < batches; taken++) {
        if (taken == put)
            put = wait_past(&ring->put, put);
        void **batch = ring->blocks + taken % ring->slots * crew.turn;
        for (size_t i = 0; i < crew.turn; i++)
            crew.heap->free(batch[i]);
        atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    }
}

/* Of two neighbours the first one produces what both together have sizes for. */
static void *remote_work(void *argument)
{
    Member *member = argument;
    size_t batches = 2 * crew.turns;

    member_begin(member);
    if ((member - crew.members) % 2 == 0)
        produce(member, batches);
    else
        consume(member, batches);
    member_end(member);
    return NULL;
}

int measure_remote(const Heap *heap, const Setting *setting)
{
    if (heap->open((size_t)setting->region) != 0)
        return 1;
    crew_init(heap, setting, BATCH);
    for (uint32_t i = 0; i < crew.threads; i += 2) {
        Ring *ring = workload_memory(sizeof *ring, 1);
        ring->slots = crew.live > crew.turn ? crew.live / crew.turn : 1;
        ring->blocks = workload_memory(ring->slots * crew.turn * sizeof(void *), 1);
        crew.members[i].ring = crew.members[i + 1].ring = ring;
    }
    crew_run(remote_work);
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 * server
 * --------------------------------------------------------------------------------------------- */

static void serve(Member *member)
{
    for (size_t i = 0; i < crew.turn; i++) {
        void **block = &member->blocks[crew.places[member->choice % (CHOICES - 1)]];
        crew.heap->free(*block);
        *block = alloc_or_end(crew.heap, next_size(member));
    }
    member->turns_done++;
}

/* A successor has the same member as its argument, and so the same blocks. */
static void *server_successor(void *argument)
{
    Member *member = argument;
    pthread_t successor;

    serve(member);
    if (member->turns_done == crew.turns) {
        member_end(member);
        return NULL;
    }
    start_thread(&successor, server_successor, member);
    pthread_detach(successor);
    return NULL;
}

static void *server_work(void *argument)
{
    member_begin(argument);
    return server_successor(argument);
}

int measure_server(const Heap *heap, const Setting *setting)
{
    if (heap->open((size_t)setting->region) != 0)
        return 1;
    crew_init(heap, setting, TURN * (size_t)setting->live);
    crew.places = workload_memory(CHOICES * sizeof *crew.places, 1);
    for (size_t i = 0; i < CHOICES - 1; i++)
        crew.places[i] = random_below(crew.live);
    for (uint32_t i = 0; i < crew.threads; i++) {
        Member *member = &crew.members[i];
        for (uint32_t j = 0; j < crew.live; j++)
            member->blocks[j] = alloc_or_end(heap, random_size());
    }
    crew_run(server_work);
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 * burst and spawn
 * --------------------------------------------------------------------------------------------- */

/* The place of the i-th block to be freed: bursts are freed from the first to the last, from the
 * last to the first, and at random, by turns. */
static size_t place_freed(size_t turn, size_t i)
{
    switch (turn % 3) {
    case 0:
        return i;
    case 1:
        return crew.turn - 1 - i;
    default:
        return crew.order[i];
    }
}

static void take_turn(Member *member)
{
    size_t turn = member->turns_done++;

    for (size_t i = 0; i < crew.turn; i++)
        member->blocks[i] = alloc_or_end(crew.heap, next_size(member));
    for (size_t i = 0; i < crew.turn; i++)
        crew.heap->free(member->blocks[place_freed(turn, i)]);
}

static void *burst_work(void *argument)
{
    Member *member = argument;

    member_begin(member);
    while (member->turns_done < crew.turns)
        take_turn(member);
    member_end(member);
    return NULL;
}

static void *visit(void *member)
{
    take_turn(member);
    return NULL;
}

/* Starts a thread for each turn, one after the other. */
static void *spawn_work(void *argument)
{
    Member *member = argument;
    pthread_t visitor;

    member_begin(member);
    while (member->turns_done < crew.turns) {
        start_thread(&visitor, visit, member);
        pthread_join(visitor, NULL);
    }
    member_end(member);
    return NULL;
}

static int measure_turns(const Heap *heap, const Setting *setting, void *(*work)(void *))
{
    if (heap->open((size_t)setting->region) != 0)
        return 1;
    crew_init(heap, setting, (size_t)setting->live);
    crew.order = workload_memory(crew.turn * sizeof *crew.order, 1);
    for (uint32_t i = 0; i < crew.turn; i++) {
        uint32_t other = random_below(i + 1);
        crew.order[i] = crew.order[other];
        crew.order[other] = i;
    }
    crew_run(work);
    return 0;
}

int measure_burst(const Heap *heap, const Setting *setting)
{
    return measure_turns(heap, setting, burst_work);
}

int measure_spawn(const Heap *heap, const Setting *setting)
{
    return measure_turns(heap, setting, spawn_work);
}
