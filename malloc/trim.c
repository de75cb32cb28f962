/* SPDX-License-Identifier: MIT */
#include "trim.h"

#include <stdint.h>
#include <time.h>

#include "release.h"

enum {
    FIRST_PAUSE = 100, /* ms from the start, in which short programs come to their end … */
    LEAST_PAUSE = 100, /* … and between two releases, … */
    LONGEST_PAUSE = 10000,
    PAUSE_FACTOR = 200,  /* … which is so many times as long as a release took */
    RECONSIDER = 1 << 20 /* bytes to be freed until the clock is looked at again */
};

size_t trim_limit;
__thread unsigned trim_countdown = TRIM_CALLS;

/* The least headroom since the last release: the memory that was in use then is what counts. */
static size_t least_headroom;

/* When memory may go back again, in ms. */
static uint32_t due;

static uint64_t now_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint32_t now_ms(void)
{
    return (uint32_t)(now_ns(CLOCK_MONOTONIC_COARSE) / 1000000);
}

void trim_start(void)
{
    least_headroom = 0;
    trim_limit = TRIM_BYTES >> UNIT_SHIFT;
    due = now_ms() + FIRST_PAUSE;
}

/* All of these are hints, so that it does not matter if threads overtake each other. */
static void set_limit(size_t limit)
{
    __atomic_store_n(&trim_limit, limit, __ATOMIC_RELAXED);
}

/* Headroom from which on enough was freed. */
static size_t enough(const Heap *heap, size_t headroom)
{
    size_t in_use = __atomic_load_n(&heap->peak, __ATOMIC_RELAXED) - headroom;
    size_t least = (size_t)TRIM_BYTES >> heap->shift;

    return __atomic_load_n(&least_headroom, __ATOMIC_RELAXED) +
           (in_use / 8 > least ? in_use / 8 : least);
}

void trim_note(Mem_Region *region)
{
    const Heap *heap = &region_of(region)->heap;
    size_t headroom = trim_headroom(region);

    if (headroom < __atomic_load_n(&least_headroom, __ATOMIC_RELAXED)) {
        __atomic_store_n(&least_headroom, headroom, __ATOMIC_RELAXED);
        set_limit(enough(heap, headroom));
    }
}

/* Claims the right to release for this thread; should that be lost in a fork, it comes back. */
static bool claim(void)
{
    uint32_t now = now_ms();
    uint32_t when = __atomic_load_n(&due, __ATOMIC_RELAXED);

    return (int32_t)(now - when) >= 0 &&
           __atomic_compare_exchange_n(&due, &when, now + LONGEST_PAUSE, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

static void set_pause(uint64_t took_ns)
{
    uint64_t pause = took_ns * PAUSE_FACTOR / 1000000;

    if (pause < LEAST_PAUSE) {
        pause = LEAST_PAUSE;
    } else if (pause > LONGEST_PAUSE) {
        pause = LONGEST_PAUSE;
    }
    __atomic_store_n(&due, now_ms() + (uint32_t)pause, __ATOMIC_RELAXED);
}

static void release(Mem_Region *region)
{
    const Heap *heap = &region_of(region)->heap;
    uint64_t start = now_ns(CLOCK_MONOTONIC);
    size_t headroom;

    release_pages(region_of(region), TRIM_BLOCK);
    headroom = trim_headroom(region);
    __atomic_store_n(&least_headroom, headroom, __ATOMIC_RELAXED);
    set_limit(enough(heap, headroom));
    set_pause(now_ns(CLOCK_MONOTONIC) - start);
}

void trim_look(Mem_Region *region)
{
    const Heap *heap = &region_of(region)->heap;
    size_t headroom = trim_headroom(region);
    size_t limit;

    trim_countdown = TRIM_CALLS;
    trim_note(region);
    limit = enough(heap, headroom);
    if (headroom < limit) {
        set_limit(limit);
    } else if (claim()) {
        release(region);
    } else {
        set_limit(headroom + ((size_t)RECONSIDER >> heap->shift));
    }
}

bool trim_all(Mem_Region *region)
{
    return release_pages(region_of(region), 1) != 0;
}
