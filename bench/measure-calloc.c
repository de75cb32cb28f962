/* SPDX-License-Identifier: MIT
 *
 * calloc: threads allocate zeroed blocks of up to 16 KiB; another thread frees a third of them.
 * After: M. Jansson, rpmalloc-benchmark, as in rptest of mimalloc-bench, which has as many
 * live blocks, and sizes with about the same mean. */
#include "crew.h"

#include <sched.h>

/* Frees the batches that the previous neighbour has put in its ring. Returns whether there were
 * any. */
static int free_foreign(Ring *ring)
{
    size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    size_t put = atomic_load_explicit(&ring->put, memory_order_acquire);

    if (taken == put)
        return 0;
    for (; taken < put; taken++) {
        void **batch = ring_batch(ring, taken);
        for (size_t i = 0; i < ring->batch; i++)
            crew.heap->free(batch[i]);
        atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    }
    return 1;
}

/* Returns the ring that a member takes from: that of the previous member. */
static Ring *ring_before(const Member *member)
{
    size_t number = (size_t)(member - crew.members);

    return crew.members[(number + crew.threads - 1) % crew.threads].ring;
}

/* Allocates a batch for the neighbour. While there is no room, frees foreign batches itself, or all
 * members could wait for each other in a circle. */
static void put_batch(Member *member)
{
    Ring *ring = member->ring;
    size_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);

    while (put - atomic_load_explicit(&ring->taken, memory_order_acquire) == ring->slots) {
        if (!free_foreign(ring_before(member)))
            sched_yield();
    }
    void **batch = ring_batch(ring, put);
    for (size_t i = 0; i < ring->batch; i++)
        batch[i] = calloc_or_end(crew.heap, next_size(member));
    atomic_store_explicit(&ring->put, put + 1, memory_order_release);
}

/* Takes a turn: two thirds of the pairs replace the member's own blocks, one third is for the
 * neighbour. */
static void take_turn(Member *member)
{
    for (size_t i = member->ring->batch; i < crew.turn; i++) {
        void **block = &member->blocks[next_place(member)];
        crew.heap->free(*block);
        *block = calloc_or_end(crew.heap, next_size(member));
    }
    put_batch(member);
}

static void *calloc_work(void *argument)
{
    Member *member = argument;
    Ring *before = ring_before(member);

    member_meet();
    for (size_t i = 0; i < crew.live; i++)
        member->blocks[i] = calloc_or_end(crew.heap, next_size(member));
    member_begin(member);
    for (size_t turn = 0; turn < crew.turns; turn++) {
        free_foreign(before);
        take_turn(member);
    }
    while (atomic_load_explicit(&before->taken, memory_order_relaxed) < crew.turns) {
        if (!free_foreign(before))
            sched_yield();
    }
    member_end(member);
    return NULL;
}

int measure_calloc(const Heap *heap, const Setting *setting)
{
    if (heap->open((size_t)setting->region) != 0)
        return 1;
    crew_init(heap, setting, (size_t)3 * BATCH);
    crew_choose_places();
    for (uint32_t i = 0; i < crew.threads; i++)
        crew.members[i].ring = ring_make(crew.turn / 3, crew.live / 2);
    crew_run(calloc_work);
    return 0;
}
