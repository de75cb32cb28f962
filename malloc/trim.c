/* SPDX-License-Identifier: MIT */
#include "trim.h"

#include <stdint.h>
#include <time.h>

#include "ahead.h"
#include "region/caches.h"
#include "region/release.h"

/* Memory that was given back costs time only if it is used again: a few microseconds for each page
 * fault. So each MiB used again must be followed, or preceded, by a pause. Time already waited is
 * credited, up to a limit, so the first few times need no wait. */
enum {
    PAUSE = 60,     /* ms for each MiB, whose page faults take 1 to 4 ms */
    CREDIT = 20000, /* ms, at most */
    LONGEST_PAUSE = 20000,
    FIRST_PAUSE = 1000,  /* ms from the start: short programs end before that */
    CLAIM = 10000,       /* ms that a release may take before another may begin */
    RECONSIDER = 1 << 20 /* bytes to be freed before the clock is read again */
};

size_t trim_limit = TRIM_BYTES >> UNIT_SHIFT;
__thread unsigned trim_countdown = TRIM_CALLS;

/* Units: the least headroom since the last release, when most memory was in use. */
static size_t least_headroom;

/* Units: the headroom at the last release, and the memory given back then, less what was used again
 * and charged for. */
static size_t released_headroom, released;

/* When memory may go back again: ms of CLOCK_MONOTONIC. Accessed with the region locked, since not
 * every processor reads 64 bits in one piece. */
static uint64_t due;

static uint64_t now_ms(void)
{
    struct timespec time = {0, 0};

    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Sets the first pause in a constructor, since a clock_gettime() of the program may allocate. */
__attribute__((__constructor__)) static void set_first_pause(void)
{
    due = now_ms() + FIRST_PAUSE;
}

/* Sets trim_limit. This and the variables above are hints: it does not matter if threads overtake
 * each other. */
static void set_limit(size_t limit)
{
    __atomic_store_n(&trim_limit, limit, __ATOMIC_RELAXED);
}

/* Returns the headroom from which on enough was freed. */
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

/* Returns the pause, in ms, for memory that was given back and is in use again. */
static uint64_t charge(const Heap *heap)
{
    size_t least = __atomic_load_n(&least_headroom, __ATOMIC_RELAXED);
    size_t before = __atomic_exchange_n(&released_headroom, least, __ATOMIC_RELAXED);
    size_t again = before > least ? before - least : 0;
    size_t given = __atomic_load_n(&released, __ATOMIC_RELAXED);
    uint64_t pause;

    if (again > given) {
        again = given;
    }
    __atomic_store_n(&released, given - again, __ATOMIC_RELAXED);
    pause = ((uint64_t)again << heap->shift) * PAUSE >> 20;
    return pause > LONGEST_PAUSE ? LONGEST_PAUSE : pause;
}

/* Claims the right to release for this thread, if it is time. A claim lost in a fork expires by
 * itself. No clock causes a longer wait than LONGEST_PAUSE, not even one that is set back. */
static bool claim(Region *region, uint64_t *since)
{
    uint64_t now = now_ms();
    bool locked = region_lock(region);
    uint64_t longest = now + LONGEST_PAUSE;
    bool is_time;

    *since = (due + CREDIT < now ? now - CREDIT : due) + charge(&region->heap);
    *since = *since < longest ? *since : longest;
    is_time = *since <= now;
    due = is_time ? now + CLAIM : *since;
    region_unlock(region, locked);
    return is_time;
}

static void set_due(Region *region, uint64_t when)
{
    bool locked = region_lock(region);

    due = when;
    region_unlock(region, locked);
}

static void release(Mem_Region *region)
{
    const Heap *heap = &region_of(region)->heap;
    size_t bytes = release_pages(region_of(region), TRIM_BLOCK);
    size_t headroom = trim_headroom(region);

    __atomic_store_n(&released, bytes >> heap->shift, __ATOMIC_RELAXED);
    __atomic_store_n(&released_headroom, headroom, __ATOMIC_RELAXED);
    __atomic_store_n(&least_headroom, headroom, __ATOMIC_RELAXED);
    set_limit(enough(heap, headroom));
}

/* Releases, unless it is too early. Returns whether it did. */
static bool release_if_due(Mem_Region *region)
{
    uint64_t since;

    if (!claim(region_of(region), &since)) {
        return false;
    }
    release(region);
    set_due(region_of(region), since);
    return true;
}

static void look(Mem_Region *region)
{
    const Heap *heap = &region_of(region)->heap;
    size_t headroom = trim_headroom(region);
    size_t limit;

    trim_countdown = TRIM_CALLS;
    trim_note(region);
    limit = enough(heap, headroom);
    if (headroom < limit) {
        set_limit(limit);
    } else if (!release_if_due(region)) {
        set_limit(headroom + ((size_t)RECONSIDER >> heap->shift));
    }
}

/* The clock function may be another library's, which frees memory, and so comes here again. */
void trim_look(Mem_Region *region)
{
    static __thread bool is_looking;

    if (!is_looking) {
        is_looking = true;
        look(region);
        is_looking = false;
    }
}

/* Settles first: a span with a few live blocks would keep all its pages. */
bool trim_all(Mem_Region *region)
{
    Operation operation;
    bool is_any;

    operation_begin(&operation, region_of(region));
    caches_settle(&operation);
    operation_end(&operation);
    is_any = ahead_release(region);
    return release_pages(region_of(region), 1) != 0 || is_any;
}
