/* SPDX-License-Identifier: MIT
 *
 * What is done to blocks, on a region: take the lock, ask the heap, count, and tell the caller. */
#include "operations.h"

#include <errno.h>

#include "heap-fast.h"
#include "opening.h"
#include "thread.h"

void operation_end(Operation *operation)
{
    operation_unlock(operation);
    operation_report(operation);
}

void operation_unlock(Operation *operation)
{
    region_unlock(operation->region, operation->locked);
}

void operation_give(Operation *operation, Pos block)
{
    region_note_given(operation->region, block);
    /* The program may overwrite links while this goes on. A block that can't be given back stays in use. */
    for (int tries = 0;
         tries < OPERATION_TRIES && heap_give(operation->heap, block) == HEAP_DAMAGED; tries++) {
        operation_recover(operation);
    }
}

/* The short way first. */
static void give_joined(Operation *operation, Pos block)
{
    Link *links = (Link *)(void *)region_handle(operation->region);
    size_t size;

    if (fast_give(links, block, &size) != FAST_GIVEN) {
        operation_give(operation, block);
    }
}

/* Leaves out of sorted rounds those that are no blocks in use of so many units, for the map, or that are there
 * twice: they were freed a second time, unseen. Returns how many are left. */
static size_t keep_sound(Operation *operation, size_t units, Pos *rounds, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (UNLIKELY(kept != 0 && rounds[kept - 1] == rounds[i]) ||
            UNLIKELY(!heap_confirms_state(operation->heap, rounds[i], units, false))) {
            operation_note_missed_free(operation, rounds[i]);
        } else {
            rounds[kept++] = rounds[i];
        }
    }
    return kept;
}

void operation_give_rounds(void *context, size_t units, Pos *rounds, size_t count)
{
    Operation *operation = context;
    size_t joined;

    if (UNLIKELY(operation->heap->broken)) {
        return;
    }
    heap_sort_rounds(rounds, count);
    count = keep_sound(operation, units, rounds, count);
    if (region_live(operation->region) == NULL) {
        for (size_t i = 0; i < count; i++) {
            *region_word(operation->region, rounds[i]) = 0;
        }
    }
    for (; count != 0; count -= joined, rounds += joined) {
        joined = heap_join_rounds(operation->heap, units, rounds, count);
        give_joined(operation, rounds[0]);
    }
}

void operation_count(Operation *operation, CacheCounts counts)
{
    region_cached(operation->region)->pops += counts.pops;
    operation->region->callocs += counts.callocs;
    operation->region->reallocs += counts.reallocs;
    operation->region->more_allocs -= counts.callocs;
}

static void drain(Operation *operation, Cache *cache)
{
    cache_drain(cache, false, operation_give_rounds, operation);
    operation_count(operation, cache_take_counts(cache));
}

/* Brings every block that waits in a magazine, of any thread, back to the heap. live: the bits in use from then
 * on. */
static void settle_to(Operation *operation, Live live)
{
    Region *region = operation->region;
    size_t slot = region_slot(region);

    for (Thread *thread = threads_seize(1U << slot); thread != NULL; thread = thread_next(thread)) {
        if (thread->owned[slot] != NULL) {
            drain(operation, thread->owned[slot]);
            thread->owned[slot]->live = live;
        }
    }
    operation_count(operation,
                    cache_drain_pool(region_pool(region), operation_give_rounds, operation));
    __atomic_store_n(&region_cached(region)->live, live, __ATOMIC_RELAXED);
    threads_release(1U << slot);
}

static void begin(Operation *operation, Region *region)
{
    operation->region = region;
    operation->heap = &region->heap;
    operation->noted = 0;
}

/* Goes on with a region that was locked, if that was needed. */
static void go_on(Operation *operation, bool locked)
{
    operation->locked = locked;
    if (LIVE_BITS && locked && region_live(operation->region) != NULL &&
        thread_self->owned[region_slot(operation->region)] == NULL) {
        settle_to(operation, NULL);
    }
}

void operation_begin(Operation *operation, Region *region)
{
    begin(operation, region);
    operation_resume(operation);
}

void operation_pause(Operation *operation, Pos block)
{
    region_note_taken(operation->region, block);
    region_unlock(operation->region, operation->locked);
}

void operation_resume(Operation *operation)
{
    go_on(operation, region_lock(operation->region));
}

void operation_settle(Operation *operation)
{
    if (region_is_cached(operation->region)) {
        settle_to(operation, region_live(operation->region));
    }
}

void operation_begin_settled(Operation *operation, Region *region)
{
    operation_begin(operation, region);
    operation_settle(operation);
}

bool operation_try(Operation *operation, Region *region)
{
    begin(operation, region);
    return lock_try(&region->lock, &operation->locked);
}

void operation_begin_walk(Operation *operation, Region *region)
{
    begin(operation, region);
    go_on(operation, lock_take_always(&region->lock));
    operation_settle(operation);
    if (operation->locked) {
        lock_begin_walk(&region->lock);
    }
}

void operation_end_walk(void *argument)
{
    Operation *operation = argument;

    if (operation->locked) {
        lock_end_walk(&operation->region->lock);
    }
    operation_end(operation);
}

/* One attempt to take something, by what a Take describes. */
typedef struct Take {
    size_t alignment; /* 0: as it comes */
    size_t units;
} Take;

static HeapResult try(Heap *heap, const Take *take, Pos *block)
{
    return take->alignment == 0 ? heap_take(heap, take->units, block)
                                : heap_take_aligned(heap, take->alignment, take->units, block);
}

bool operation_mend(Operation *operation, HeapResult result)
{
    if (result == HEAP_DAMAGED) {
        operation_recover(operation);
        return true;
    }
    return result == HEAP_CLOSED && opening_reach(operation->region, operation->heap->wanted);
}

/* Twice for each reason there may be. */
static HeapResult try_again(Operation *operation, const Take *take, Pos *block)
{
    HeapResult result = try(operation->heap, take, block);

    for (int i = 0; i < OPERATION_TRIES && operation_mend(operation, result); i++) {
        result = try(operation->heap, take, block);
    }
    return result;
}

/* Takes units from the heap; 0 if it is full. */
static Pos take_any(Operation *operation, Take take)
{
    Pos block = 0;
    HeapResult result;

    /* Not even an empty region has room for it: then magazines need not be emptied. */
    if (!heap_could_take(operation->heap, take.alignment, take.units)) {
        return 0;
    }
    result = try_again(operation, &take, &block);
    if (result != HEAP_OK && region_is_cached(operation->region)) {
        operation_settle(operation);
        result = try_again(operation, &take, &block);
    }
    return result == HEAP_OK ? block : 0;
}

Pos operation_take(Operation *operation, size_t units)
{
    return take_any(operation, (Take){0, units});
}

Pos operation_take_rounded(Operation *operation, size_t rounded, size_t units)
{
    Pos block = 0;

    return try_again(operation, &(Take){0, rounded}, &block) == HEAP_OK
               ? block
               : operation_take(operation, units);
}

Pos operation_take_aligned(Operation *operation, size_t alignment, size_t units)
{
    return take_any(operation, (Take){alignment, units});
}

size_t operation_take_rounds(Operation *operation, size_t units, size_t count, Pos *rounds)
{
    size_t taken = 0;
    HeapResult result = heap_take_rounds(operation->heap, units, count, rounds, &taken);

    if (operation_mend(operation, result) && taken == 0) {
        heap_take_rounds(operation->heap, units, count, rounds, &taken);
    }
    region_cached(operation->region)->pops -= taken;
    return taken;
}

Pos operation_find(Operation *operation, const void *pointer)
{
    Region *region = operation->region;
    Pos block = heap_block(operation->heap, pointer);

    if (UNLIKELY(operation->heap->broken)) {
        return 0;
    }
    if (block != 0 && region_is_cached(region) && region_is_waiting(region, block)) {
        operation_settle(operation);
        block = heap_block(operation->heap, pointer);
    }
    return block;
}

void *operation_end_with_block(Operation *operation, Pos block)
{
    void *address = NULL;

    if (block != 0) {
        address = heap_address(operation->heap, block);
        region_note_taken(operation->region, block);
    } else {
        operation->region->failures++;
        errno = operation_error(operation, ENOMEM);
    }
    operation_end(operation);
    return address;
}

void *operation_end_alloc(Operation *operation, Pos block)
{
    operation->region->more_allocs += block == 0;
    return operation_end_with_block(operation, block);
}

void *operation_alloc_units(Region *region, size_t units, bool damaged)
{
    Operation operation;

    operation_begin(&operation, region);
    if (damaged) {
        operation_recover(&operation);
    }
    return operation_end_alloc(&operation, operation_take(&operation, units));
}

void *operation_alloc(Region *region, size_t size)
{
    return operation_alloc_units(region, heap_units(&region->heap, size), false);
}

int operation_free(Region *region, void *pointer)
{
    Operation operation;
    Pos block = 0;
    int error;

    operation_begin(&operation, region);
    if (pointer == NULL) {
        region->more_frees++;
    } else if ((block = operation_find(&operation, pointer)) != 0) {
        operation_give(&operation, block);
    } else {
        region->more_frees++;
        operation_note_bad_pointer(&operation, pointer);
    }
    error = operation_error(&operation, EINVAL);
    operation_end(&operation);
    if (pointer != NULL && block == 0) {
        errno = error;
        return -1;
    }
    return 0;
}

int operation_free_rest(Region *region, size_t start, size_t run)
{
    Operation operation;

    operation_begin(&operation, region);
    if (heap_give_rest(operation.heap, (Pos)start, (Pos)run) == HEAP_DAMAGED) {
        operation_recover(&operation);
        operation_give(&operation, (Pos)start);
    }
    operation_end(&operation);
    return 0;
}
