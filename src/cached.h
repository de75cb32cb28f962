/* SPDX-License-Identifier: MIT
 *
 * Alloc and Free through the magazines of the calling thread: the short way here, the rest in
 * cached.c. What finds no block, or no room, there goes on to the heap. */
#ifndef MEM_SRC_CACHED_H
#define MEM_SRC_CACHED_H

#include "cache.h"
#include "heap-fast.h"
#include "region.h"

/* Gives a region magazines, if it can have any: with a pool of so many bytes, for a heap of so many. live:
 * where there is room for live bits, all 0, if LIVE_BITS. */
void cached_start(Region *region, size_t pool_bytes, size_t heap_bytes, Live live);
void cached_end(Region *region);

/* Lets calls use the magazines that a region has. */
void cached_use(Region *region);

/* Asks the system for what caches need; else that happens when a thread gets the first one. False: it is not
 * there yet. */
bool cached_prepare(void);

/* The longer way, for a size as in sizes.h. 0 and false: nothing was done. */
size_t cached_take(Region *region, size_t number);
bool cached_give(Region *region, size_t block, size_t number);

/* Takes a block of so many units, too large for the short way, but not larger than region_largest: perhaps
 * rounded up to a size, and from the heap if no magazine has one. NULL and ENOMEM: there is none. */
void *cached_alloc_large(Region *region, size_t units);

/* The size for a block of so many units, or 0: it goes through no magazine. */
size_t cached_number(Region *region, size_t units);

/* Counts what the calling thread did. */
void cached_count(Region *region, CacheCounts counts);

/* Says of a block that it is in a magazine: the cache's owner put it there. */
static ALWAYS_INLINE void cached_note_given(Region *region, const Cache *cache, size_t block)
{
    if (LIVE_BITS && cache->live != NULL) {
        live_clear(cache->live, block);
    } else {
        *region_word(region, block) = region_cached(region)->key;
    }
}

/* Says that the owner took it from there. */
static ALWAYS_INLINE void cached_note_taken(Region *region, const Cache *cache, size_t block)
{
    if (LIVE_BITS && LIKELY(cache->live != NULL)) {
        live_set(cache->live, block);
    } else {
        *region_word(region, block) = 0;
    }
}

/* Takes a round from the stack of a cache that is the caller's: a block of a size. 0: there is none. */
static ALWAYS_INLINE size_t cached_pop_own(Region *region, Cache *cache, size_t number)
{
    size_t block = cache_pop(cache, number);

    if (LIKELY(block != 0)) {
        cached_note_taken(region, cache, block);
    }
    return block;
}

static ALWAYS_INLINE size_t cached_pop(Region *region, size_t number)
{
    Thread *self = thread_self;
    size_t block;

    thread_enter(self);
    block = cached_pop_own(region, thread_cache(self, region_slot(region)), number);
    thread_leave(self);
    return block;
}

/* What is seen of the map at a position below the heap's end. What others change in the map meanwhile
 * is not about a block in use: its start, its end, and that none is between them stay as they are.
 * ThreadSanitizer can't know that, and gets a lock. */
typedef enum CachedSight {
    SIGHT_BLOCK, /* a block in use, of so many units */
    SIGHT_FAR,   /* its end is further off */
    SIGHT_NONE   /* there is none */
} CachedSight;

/* Looks for the end of a block. starts: the bits from its first one on. False: it is further off. */
static ALWAYS_INLINE bool cached_see_end(uint64_t starts, size_t *units)
{
    starts &= ~UINT64_C(1);
    if (UNLIKELY(starts == 0)) {
        return false;
    }
    *units = bits_lowest(starts);
    return true;
}

/* The same in the next word, for a block that starts at a bit of a byte of the map. */
static ALWAYS_INLINE bool cached_see_far_end(const unsigned char *byte, size_t shift, size_t *units)
{
    uint64_t starts = map_load(byte + MAP_WORD_BYTES);

    if (UNLIKELY(starts == 0)) {
        return false;
    }
    *units = MAP_WORD_BITS - shift + bits_lowest(starts);
    return true;
}

static ALWAYS_INLINE CachedSight cached_look(Region *region, size_t block, size_t *units)
{
    const unsigned char *at = (const unsigned char *)region_handle(region) + block / 8;
    unsigned shift = block & 7;
    uint64_t starts = map_load(at + region->heap.starts);
    uint64_t free = map_load(at + region->heap.free);

    /* So that both are loaded first, and then tested for a bit each. */
    BITS_FORGET(starts);
    BITS_FORGET(free);
    starts >>= shift;
    if (UNLIKELY((starts & 1) == 0)) {
        return SIGHT_NONE;
    }
    BITS_FORGET(free);
    if (UNLIKELY(bits_test(free, shift))) {
        return SIGHT_NONE;
    }
    if (cached_see_end(starts, units)) {
        return SIGHT_BLOCK;
    }
    if (LIVE_BITS) { /* there it is one register too many to keep what is needed only here */
        BITS_FORGET(region);
    }
    return cached_see_far_end(at + region->heap.starts, shift, units) ? SIGHT_BLOCK : SIGHT_FAR;
}

static ALWAYS_INLINE CachedSight cached_sight(Region *region, size_t block, size_t *units)
{
    CachedSight sight;
    bool taken;

    if (!THREAD_SANITIZED) {
        return cached_look(region, block, units);
    }
    taken = region_lock(region);
    sight = cached_look(region, block, units);
    region_unlock(region, taken);
    return sight;
}

/* Takes a block of so many units if magazines have one, or may be loaded with some; else 0. */
static inline size_t cached_alloc(Region *region, size_t units)
{
    size_t block;

    if (units > region->cached) {
        return 0;
    }
    block = cached_pop(region, units);
    return block != 0 ? block : cached_take(region, units);
}

/* Units of the block that starts at a position, if it is in use; else 0. */
size_t cached_units(Region *region, size_t block);

/* Units of the block at an address that is seen to be in use without the lock. 0: it takes a closer look. */
static inline size_t cached_peek(Region *region, const void *address)
{
    size_t block = fast_position((const Link *)(void *)region_handle(region), address);
    size_t units = 0;

    if (block >= region->cached_end) {
        return 0;
    }
    if (cached_sight(region, block, &units) == SIGHT_FAR) {
        units = cached_units(region, block);
    }
    return units != 0 && !region_is_waiting(region, block) ? units : 0;
}

/* What is left to do for a block that is to be freed. */
typedef enum CachedGiven {
    CACHED_GIVEN, /* nothing */
    CACHED_FULL,  /* there is no room in the magazine */
    CACHED_TWICE, /* it is perhaps in a magazine already */
    CACHED_FAR,   /* how large it is has to be seen */
    CACHED_NONE   /* no magazine is for it */
} CachedGiven;

/* Puts a block, of which nothing is known, into a magazine of a cache with live bits. It is fetched as well: it
 * is likely to be the next that is allocated. */
static ALWAYS_INLINE CachedGiven cached_push_live(Cache *cache, const void *address, size_t block,
                                                  size_t *units)
{
    size_t shift = block & 7;
    unsigned char *live = &cache->live[block / 8];
    const unsigned char *starts = &cache->starts[block / 8];
    uint64_t byte = live_byte(live);

    if (UNLIKELY(!bits_take(&byte, shift))) {
        return CACHED_TWICE;
    }
    __builtin_prefetch(address, 1);
    if (!cached_see_end(map_load(starts) >> shift, units) &&
        UNLIKELY(!cached_see_far_end(starts, shift, units))) {
        return CACHED_FAR;
    }
    if (UNLIKELY(!cache_push(cache, *units, block))) {
        return CACHED_FULL;
    }
    live_put_byte(live, byte);
    return CACHED_GIVEN;
}

/* Puts a block in use, of so many units, into a magazine of a cache without live bits. */
static ALWAYS_INLINE CachedGiven cached_push_keyed(Cache *cache, size_t *word, size_t key,
                                                   size_t block, size_t units)
{
    if (UNLIKELY(*word == key)) {
        return CACHED_TWICE;
    }
    if (UNLIKELY(!cache_push(cache, units, block))) {
        return CACHED_FULL;
    }
    *word = key;
    return CACHED_GIVEN;
}

/* What is said where no block is seen that a magazine is for. */
static ALWAYS_INLINE CachedGiven cached_not_given(CachedSight sight)
{
    return sight == SIGHT_FAR ? CACHED_FAR : CACHED_NONE;
}

/* Puts whatever is at an address and a position below the heap's end into a magazine. units: how large it
 * is, unless it is found to be none, or far. */
static ALWAYS_INLINE CachedGiven cached_push(Region *region, void *address, size_t block,
                                             size_t *units)
{
    /* Live bits spare the look at the map. */
    CachedSight sight = LIVE_BITS ? SIGHT_BLOCK : cached_sight(region, block, units);
    Thread *self = thread_self;
    CachedGiven given;
    Cache *cache;

    if (UNLIKELY(sight != SIGHT_BLOCK)) {
        return cached_not_given(sight);
    }
    thread_enter(self);
    cache = thread_cache(self, region_slot(region));
    if (LIVE_BITS && LIKELY(cache->live != NULL)) {
        given = cached_push_live(cache, address, block, units);
    } else if (LIVE_BITS && UNLIKELY((sight = cached_sight(region, block, units)) != SIGHT_BLOCK)) {
        given = cached_not_given(sight);
    } else {
        given = cached_push_keyed(cache, address, region_cached(region)->key, block, *units);
    }
    thread_leave(self);
    return given;
}

#endif
