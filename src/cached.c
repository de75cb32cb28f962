/* SPDX-License-Identifier: MIT */
#include "cached.h"

#include "operations.h"
#include "thread.h"

enum {
    REGION_CALLS =
        1000, /* before there are caches, so that a program of a few hundred sees the heap itself */
    END_TRIES = 5,    /* of a thread that ends, to have a region's lock … */
    END_PAUSE = 20000 /* … so many ns apart */
};

static void end_cache(Thread *self, size_t slot);
static void in_child(void);

static const LockForkHooks fork_hooks = {threads_before_fork, threads_in_parent, in_child};

static Region *regions[THREAD_REGIONS];

/* Whether cached_prepare was called. */
static enum Prepared { NOT_YET, BEGUN, DONE } prepared;

/* What is called here may be replaced, and allocate, and come here again. So nobody waits: whoever comes while
 * it is being done has to do without. */
bool cached_prepare(void)
{
    enum Prepared seen = NOT_YET;

    if (!__atomic_compare_exchange_n(&prepared, &seen, BEGUN, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_ACQUIRE)) {
        return seen == DONE;
    }
    lock_on_fork(&fork_hooks); /* first: what comes then is locked now and then */
    thread_prepare(end_cache);
    __atomic_store_n(&prepared, DONE, __ATOMIC_RELEASE);
    return true;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to where there are live bits */
void cached_start(Region *region, size_t pool_bytes, size_t heap_bytes, Live live)
{
    size_t slot;

    if (!thread_find_slot(&slot)) {
        return;
    }
    regions[slot] = region;
    pool_init(region_pool(region), pool_bytes, heap_bytes);
    *region_cached(region) = (Cached){.key = pool_make_key(region_pool(region)),
                                      .slot = slot,
                                      .live_room = LIVE_BITS ? live : NULL};
    region->has_magazines = true;
    cached_use(region);
}

void cached_use(Region *region)
{
    __atomic_store_n(&region->cached, SIZES_SMALL, __ATOMIC_RELAXED);
    __atomic_store_n(&region->cached_end, region->heap.end, __ATOMIC_RELAXED);
}

void cached_end(Region *region)
{
    thread_drop_slot(region_slot(region));
}

/* Leaves the cache of a thread that ends to the next one that comes; or brings what it has in magazines to where
 * all can take it. False: somebody has the region's lock. */
static bool leave_cache(Operation *operation, Thread *self, size_t slot)
{
    Cache *cache = self->owned[slot];

    if (!operation_try(operation, regions[slot])) {
        return false;
    }
    thread_set_cache(self, slot, NULL);
    if (!cache_bequeath(cache)) {
        cache_end(cache, true, operation_give_rounds, operation);
    }
    operation_unlock(operation);
    return true;
}

/* A thread ends. Its regions may be destroyed at any time: this is no call on them. So all happens while no slot can
 * be dropped, and then the region's lock can't be waited for. If others have it all the time, the cache stays with
 * the thread's record. */
static void end_cache(Thread *self, size_t slot)
{
    for (int i = 0; i < END_TRIES; i++) {
        Operation operation = {.noted = 0};
        bool done;

        threads_lock();
        done = self->owned[slot] == NULL || leave_cache(&operation, self, slot);
        threads_unlock();
        if (done) { /* GCOVR_EXCL_BR_LINE: that depends on the moment */
            operation_report(&operation);
            return;
        }
        lock_pause(END_PAUSE);
    }
}

static void in_child(void)
{
    threads_in_child(cache_leave);
    if (prepared == BEGUN) { /* by a thread that is not here */
        prepared = NOT_YET;
    }
}

/* A cache for one more thread. */
static Cache *create_cache(Operation *operation)
{
    Region *region = operation->region;
    Pool *pool = region_pool(region);
    Cache *cache;

    region_begin_live(region); /* with the first one */
    cache = cache_create(pool);
    if (cache != NULL) {
        cache->live = region_live(region);
        cache->starts = heap_map(&region->heap).starts;
    }
    return cache;
}

/* Counts a call of a thread that has no cache, and gives it one when it is time. */
static void note_call(Region *region)
{
    size_t slot = region_slot(region);
    Operation operation;

    /* While a thread is in fork(), what a cache takes to be made is locked. What another thread has left is
     * warm. It is taken at once, also so that this one does not free more into it than it took from there. */
    if (lock_in_fork() || !thread_count_call(slot, cache_is_left(region_pool(region)))) {
        return;
    }
    if (!cached_prepare() || !thread_make_known()) {
        return;
    }
    operation_begin(&operation, region);
    if (thread_self->owned[slot] == NULL &&
        region->heap.taken + region->heap.given >= REGION_CALLS) {
        thread_set_cache(thread_self, slot, create_cache(&operation));
    }
    operation_end(&operation);
}

/* Looks, now and then, for what the calling thread does not use any more. */
static void cool(Cache *cache, Operation *operation)
{
    cache_cool(cache, operation->locked, operation_give_rounds, operation);
}

/* What was loaded may have been handed out, and freed, long ago, and be freed a second time now. Live bits say
 * so already. */
static void note_loaded(Region *region, const Cache *cache, const Pos *rounds, size_t count)
{
    if (cache->live == NULL) {
        for (size_t i = 0; i < count; i++) {
            cached_note_given(region, cache, rounds[i]);
        }
    }
}

/* Loads a stack of small blocks from the heap, and takes the first round. */
static Pos load(Region *region, size_t units)
{
    Cache *cache = thread_self->owned[region_slot(region)];
    Operation operation;
    Pos block = 0;
    size_t count;

    operation_begin(&operation, region);
    cool(cache, &operation);
    count = cache_start_load(cache, units);
    if (count != 0) {
        Pos *rounds = cache_rounds(cache, units);

        count = operation_take_rounds(&operation, units, count, rounds);
        note_loaded(region, cache, rounds, count);
        cache_load(cache, units, count);
        block = (Pos)cached_pop_own(region, cache, units);
    }
    operation_end(&operation);
    return block;
}

/* Takes what the thread or the depot has. is_hot: there is none, but there should be. */
static Pos take_kept(Region *region, size_t number, bool *is_hot)
{
    Cache *cache = thread_take_own(region_slot(region));
    Pos block = 0;

    *is_hot = false;
    if (cache != NULL) {
        cache_note_use(cache, number);
        block = (Pos)cached_pop_own(region, cache, number);
        if (block == 0 && cache_fill(cache, number)) {
            block = (Pos)cached_pop_own(region, cache, number);
        }
        *is_hot = block == 0 && cache_is_hot(cache, number);
    }
    thread_release_own();
    if (cache == NULL) {
        note_call(region);
    }
    return block;
}

size_t cached_take(Region *region, size_t number)
{
    bool is_hot;
    Pos block = take_kept(region, number, &is_hot);

    return is_hot ? load(region, number) : block;
}

/* From the heap. What all threads have is asked for only if even the exact size is not there. */
static void *alloc_rounded(Region *region, size_t rounded, size_t units)
{
    Operation operation;

    operation_begin(&operation, region);
    cool(thread_self->owned[region_slot(region)], &operation);
    return operation_end_alloc(&operation, operation_take_rounded(&operation, rounded, units));
}

void *cached_alloc_large(Region *region, size_t units)
{
    bool is_hot;
    size_t number = sizes_number(units);
    Pos block = take_kept(region, number, &is_hot);

    if (block != 0) {
        return region_word(region, block);
    }
    return is_hot ? alloc_rounded(region, sizes_units(number), units)
                  : operation_alloc_units(region, units, false);
}

size_t cached_number(Region *region, size_t units)
{
    size_t number;

    if (units - 1 < region->cached) {
        return units;
    }
    if (units - 1 >= region_largest(region)) {
        return 0;
    }
    number = sizes_number(units);
    return sizes_units(number) == units ? number : 0;
}

/* Makes room in a full magazine, and puts a block in. */
static bool unload(Region *region, size_t number, size_t block)
{
    Cache *cache = thread_self->owned[region_slot(region)];
    Operation operation;
    bool done;

    operation_begin(&operation, region);
    cache_unload(cache, number, operation_give_rounds, &operation);
    cool(cache, &operation);
    done = cache_push(cache, number, block);
    if (done) {
        cached_note_given(region, cache, block);
    }
    operation_end(&operation);
    return done;
}

bool cached_give(Region *region, size_t block, size_t number)
{
    Cache *cache = thread_take_own(region_slot(region));
    bool is_full = false;
    bool done = false;

    if (cache != NULL) {
        cache_note_use(cache, number);
        done = cache_push(cache, number, block) || cache_push_full(cache, number, block);
        is_full = !done && cache->stacks[number] != 0;
        if (done) {
            cached_note_given(region, cache, block);
        }
    }
    thread_release_own();
    if (cache == NULL) {
        note_call(region);
    }
    return done || (is_full && unload(region, number, block));
}

size_t cached_units(Region *region, size_t block)
{
    bool taken = THREAD_SANITIZED && region_lock(region);
    Map map = heap_map(&region->heap);
    size_t units = map_is_start(map, block) && !map_is_free(map, block) ? map_length(map, block)
                                                                        : 0;

    if (THREAD_SANITIZED) {
        region_unlock(region, taken);
    }
    return units;
}

void cached_count(Region *region, CacheCounts counts)
{
    Cache *cache = thread_take_own(region_slot(region));
    Operation operation;

    if (cache != NULL) {
        pool_add_counts(&cache->counts, counts);
    }
    thread_release_own();
    if (cache == NULL) {
        operation_begin(&operation, region);
        operation_count(&operation, counts);
        operation_end(&operation);
    }
}
