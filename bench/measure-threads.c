/* SPDX-License-Identifier: MIT
 *
 * Threads: nanoseconds of one free and one alloc by several threads, all threads together, by the
 * wall clock; and the peak resident memory of the process.
 *
 *   remote   one thread allocates, another one frees
 *   server   a thread replaces blocks of its own, then hands all of them to a successor and ends.
 *            After: P. Larson, M. Krishnan, "Memory allocation for long-running server
 *            applications", ISMM 1998
 *   burst    thousands of blocks allocated, then all of them freed, by all threads at once
 *   spawn    threads that live for a few blocks only
 */
#include "crew.h"

#include <sched.h>

enum {
    TURN = 10, /* in server: pairs for each live block until the successor comes */
    SPINS = 64 /* looks at another thread's counter before yielding the processor */
};

/* ------------------------------------------------------------------------------------------------
 * remote
 * --------------------------------------------------------------------------------------------- */

/* Waits until a counter has changed. Returns its new value. */
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
        void **batch = ring_batch(ring, put);
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
        void **batch = ring_batch(ring, taken);
        for (size_t i = 0; i < crew.turn; i++)
            crew.heap->free(batch[i]);
        atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    }
}

/* Lets the first of two neighbours produce, for the pairs of both. */
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
    for (uint32_t i = 0; i < crew.threads; i += 2)
        crew.members[i].ring = crew.members[i + 1].ring = ring_make(crew.turn, crew.live);
    crew_run(remote_work);
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 * server
 * --------------------------------------------------------------------------------------------- */

static void serve(Member *member)
{
    for (size_t i = 0; i < crew.turn; i++) {
        void **block = &member->blocks[next_place(member)];
        crew.heap->free(*block);
        *block = alloc_or_end(crew.heap, next_size(member));
    }
    member->turns_done++;
}

/* Serves a turn, and starts a successor with the same member, and so the same blocks. */
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
    crew_choose_places();
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

/* Returns the place of the i-th block to free: bursts are freed from first to last, from last to
 * first, and at random, by turns. */
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
