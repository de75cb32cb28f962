/* SPDX-License-Identifier: MIT
 *
 * Alloc and Free through the magazines of the calling thread: the short way here, the rest in
 * cached.c. What finds no block, or no room, there goes on to the heap. */
#ifndef MEM_SRC_CACHED_H
#define MEM_SRC_CACHED_H

#include "cache.h"
#include "heap-fast.h"
#include "region.h"

/* Gives a region magazines, if it can have any: with a pool of so many bytes, for a heap of so many. */
void cached_start(Region *region, size_t pool_bytes, size_t heap_bytes);
void cached_end(Region *region);

/* The longer way. 0 and false: nothing was done. */
size_t cached_take(Region *region, size_t units);
bool cached_give(Region *region, size_t block, size_t units);

/* Counts a block that was taken as one of Calloc's. */
void cached_count_calloc(Region *region);

/* The calling thread's cache, while it is marked as busy. */
static ALWAYS_INLINE Cache *cached_own(Thread *self, Region *region)
{
    return __atomic_load_n(&self->caches[region_cached(region)->slot], __ATOMIC_RELAXED);
}

/* Takes a round from a magazine: a block of so many units, which are no more than region->cached.
 * 0: there is none. */
static ALWAYS_INLINE size_t cached_pop(Region *region, size_t units)
{
    Thread *self = &thread_self;
    size_t block;

    thread_enter(self);
    block = cache_pop(cached_own(self, region), units);
    thread_leave(self);
    if (LIKELY(block != 0)) {
        *region_word(region, block) = 0;
    }
    return block;
}

/* Units of the block in use at a position below the heap's end, if magazines are for such; else 0. What
 * others change in the map meanwhile is not about this block: its start, its end, and that none is
 * between them stay as they are while it is in use. */
static ALWAYS_INLINE size_t cached_find_units(Link *links, Region *region, size_t block)
{
    const unsigned char *at = (const unsigned char *)links + block / 8;
    uint64_t starts = map_load(at + region->heap.starts) >> (block & 7);
    uint64_t free = map_load(at + region->heap.free);
    size_t units;

    if (UNLIKELY((starts & 1) == 0) || UNLIKELY((free >> (block & 7) & 1) != 0)) {
        return 0;
    }
    starts >>= 1;
    if (LIKELY(starts != 0)) {
        return bits_lowest(starts) + 1; /* that is never too many */
    }
    units = map_length(heap_map(&region->heap), block);
    return units <= region->cached ? units : 0;
}

/* ThreadSanitizer can't know that, and gets a lock. */
static ALWAYS_INLINE size_t cached_units(Link *links, Region *region, size_t block)
{
    size_t units;
    bool taken;

    if (!THREAD_SANITIZED) {
        return cached_find_units(links, region, block);
    }
    taken = region_lock(region);
    units = cached_find_units(links, region, block);
    region_unlock(region, taken);
    return units;
}

/* What is left to do for a block that is to be freed. */
typedef enum CachedGiven {
    CACHED_GIVEN, /* nothing */
    CACHED_FULL,  /* there is no room in the magazine */
    CACHED_TWICE, /* it is perhaps in a magazine already */
    CACHED_NONE   /* no magazine is for it */
} CachedGiven;

/* Puts what is at a position into a magazine. */
static ALWAYS_INLINE CachedGiven cached_push(Link *links, Region *region, size_t block,
                                             size_t *units)
{
    Thread *self = &thread_self;
    size_t *word = region_word(region, block);
    size_t key = region_cached(region)->key;
    bool done;

    *units = cached_units(links, region, block);
    if (UNLIKELY(*units == 0)) {
        return CACHED_NONE;
    }
    if (UNLIKELY(*word == key)) {
        return CACHED_TWICE;
    }
    thread_enter(self);
    done = cache_push(cached_own(self, region), *units, block);
    if (LIKELY(done)) {
        *word = key;
    }
    thread_leave(self);
    return LIKELY(done) ? CACHED_GIVEN : CACHED_FULL;
}

#endif
