/* SPDX-License-Identifier: MIT
 *
 * Threads that measure together. */
#include "crew.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

Crew crew;

static double now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

void start_thread(pthread_t *thread, void *(*work)(void *), void *argument)
{
    int error = pthread_create(thread, NULL, work, argument);

    if (error != 0) {
        fprintf(stderr, "bench: cannot start a thread: %s\n", strerror(error));
        exit(EXIT_FAILURE);
    }
}

void crew_init(const Heap *heap, const Setting *setting, size_t turn)
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

void crew_choose_places(void)
{
    crew.places = workload_memory(CHOICES * sizeof *crew.places, 1);
    for (size_t i = 0; i < CHOICES - 1; i++)
        crew.places[i] = random_below(crew.live);
}

void member_meet(void)
{
    pthread_barrier_wait(&crew.start);
}

void member_begin(Member *member)
{
    member_meet();
    member->began = now(CLOCK_MONOTONIC);
}

void member_end(Member *member)
{
    member->ended = now(CLOCK_MONOTONIC);
    sem_post(&crew.ended);
}

/* Returns the time from the first member's start to the last one's end, in ns. */
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

void crew_run(void *(*work)(void *))
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

Ring *ring_make(size_t batch, size_t blocks)
{
    Ring *ring = workload_memory(sizeof *ring, 1);

    ring->batch = batch;
    ring->slots = blocks > batch && batch > 0 ? blocks / batch : 1;
    ring->blocks = workload_memory(ring->slots * (batch + 1) * sizeof(void *), 1);
    return ring;
}
