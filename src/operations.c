/* SPDX-License-Identifier: MIT
 *
 * What is done to blocks, on a region: take the lock, ask the heap, count, and tell the caller. */
#include "operations.h"

#include <errno.h>

#include "heap-fast.h"
#include "misuse.h"
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

void operation_report(Operation *operation)
{
    if (operation->misused) {
        int saved = errno;

        misuse_report(&operation->misuse);
        errno = saved;
    }
}

static void note_misuse(Operation *operation, Mem_MisuseKind kind, const void *pointer)
{
    operation->region->misuses++;
    operation->misused = true;
    operation->misuse = (Mem_Misuse){
        .kind = kind, .pointer = pointer, .region = region_handle(operation->region)};
}

static void note_block(Operation *operation, Pos block)
{
    Heap *heap = operation->heap;

    operation->misuse.block = heap_address(heap, block);
    operation->misuse.block_size = heap_bytes(heap, map_size(heap_map(heap), block));
    operation->misuse.block_in_use = !map_is_free(heap_map(heap), block);
}

void operation_note_bad_pointer(Operation *operation, const void *pointer)
{
    Heap *heap = operation->heap;
    Pos position = heap_position(heap, pointer);
    Mem_MisuseKind kind = MEM_MISUSE_OUTSIDE;
    Pos block;

    note_misuse(operation, kind, pointer);
    if (position == 0 || !misuse_is_heard()) {
        return;
    }
    block = heap_block_around(heap, position);
    note_block(operation, block);
    if ((uintptr_t)pointer % operation->region->alignment != 0) {
        kind = MEM_MISUSE_UNALIGNED;
    } else if (operation->misuse.block_in_use) {
        kind = MEM_MISUSE_INSIDE;
    } else {
        kind = MEM_MISUSE_FREED;
    }
    operation->misuse.kind = kind;
}

void operation_recover(Operation *operation)
{
    Heap *heap = operation->heap;
    Pos block = heap_find_damaged(heap);

    note_misuse(operation, MEM_MISUSE_OVERWRITTEN, NULL);
    if (block != 0) {
        operation->misuse.pointer = heap_address(heap, block);
        note_block(operation, block);
    }
    heap_rebuild(heap);
}

void operation_give(Operation *operation, Pos block)
{
    region_note_given(operation->region, block);
    if (heap_give(operation->heap, block) == HEAP_DAMAGED) {
        operation_recover(operation);
        heap_give(operation->heap, block);
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

void operation_give_rounds(void *context, size_t units, Pos *rounds, size_t count)
{
    Operation *operation = context;
    size_t joined;

    if (region_live(operation->region) == NULL) {
        for (size_t i = 0; i < count; i++) {
            *region_word(operation->region, rounds[i]) = 0;
        }
    }
    heap_sort_rounds(rounds, count);
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
    operation->misused = false;
}

/* Goes on with a region that was locked, if that was needed. */
static void go_on(Operation *operation, bool locked)
{
    Region *region = operation->region;

    operation->locked = locked;
    if (LIVE_BITS && locked && region_live(region) != NULL &&
        thread_self->owned[region_slot(region)] == NULL) {
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

static void settle(Operation *operation)
{
    if (region_is_cached(operation->region)) {
        settle_to(operation, region_live(operation->region));
    }
}

void operation_begin_settled(Operation *operation, Region *region)
{
    operation_begin(operation, region);
    settle(operation);
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
    settle(operation);
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
    HeapResult result = try_again(operation, &take, &block);

    if (result != HEAP_OK && region_is_cached(operation->region)) {
        settle(operation);
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

    if (block != 0 && region_is_cached(region) && region_is_waiting(region, block)) {
        settle(operation);
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
        errno = ENOMEM;
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

    operation_begin(&operation, region);
    if (pointer == NULL) {
        region->more_frees++;
    } else if ((block = operation_find(&operation, pointer)) != 0) {
        operation_give(&operation, block);
    } else {
        region->more_frees++;
        operation_note_bad_pointer(&operation, pointer);
    }
    operation_end(&operation);
    if (pointer != NULL && block == 0) {
        errno = EINVAL;
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
        heap_give(operation.heap, (Pos)start);
    }
    operation_end(&operation);
    return 0;
}
