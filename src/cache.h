/* SPDX-License-Identifier: MIT
 *
 * A thread's cache of a region: for each size that it uses often a stack of blocks, and perhaps magazines to
 * spare. These blocks are in use for the heap. */
#ifndef MEM_SRC_CACHE_H
#define MEM_SRC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live.h"
#include "map.h"
#include "pool.h"
#include "thread.h"

struct Cache {
    /* The last round of the stack for a size, by its number as in sizes.h, or its floor. Of a size that
     * has none, and of 0: that of cache_no_stack. */
    Pos *tops[SIZES + 1];
    CacheCounts counts;
    Live live;                   /* the region's, if they are in use */
    const unsigned char *starts; /* of the region's map */
    Pool *pool;
    unsigned
        events;  /* exchanges of magazines, loads and unloads, since unused ones were looked for */
    Pos next;    /* in a list of caches without an owner */
    Pos empties; /* magazines to be filled, and how many */
    unsigned empty_count;
    Pos spare;             /* units in all full magazines */
    Pos stacks[SIZES + 1]; /* pieces; 0: none */
    Pos spares[SIZES + 1]; /* lists of full magazines */
    unsigned short spare_count[SIZES + 1];
    unsigned short spare_least[SIZES + 1]; /* as in Depot */
    unsigned char heat[SIZES + 1];         /* calls before it got a stack */
    unsigned char batch[SIZES + 1];        /* blocks to load at a time */
    const Pos *seen[SIZES + 1];            /* tops, when unused ones were looked for */
};

/* A stack that is empty and full: 0 and STACK_CEILING. */
extern HIDDEN Pos cache_no_stack[2];

/* The cache of those that have none. */
extern HIDDEN Cache cache_none;

/* Where blocks of so many units go that leave a cache for the heap. They may be put into another order. */
typedef void CacheSink(void *context, size_t units, Pos *rounds, size_t count);

/* Takes a round. 0: there is none. */
static ALWAYS_INLINE Pos cache_pop(Cache *cache, size_t number)
{
    Pos block = *cache->tops[number];

    if (LIKELY(block != 0)) {
        cache->tops[number]--;
        cache->counts.pops++;
    }
    return block;
}

/* Puts one in. False: there is no room. */
static ALWAYS_INLINE bool cache_push(Cache *cache, size_t number, size_t block)
{
    Pos *top = cache->tops[number];

    if (UNLIKELY(top[1] == STACK_CEILING)) {
        return false;
    }
    top[1] = (Pos)block;
    cache->tops[number]++;
    return true;
}

/* Makes a cache, or takes one that lost its owner. NULL: the pool is used up. */
Cache *cache_create(Pool *pool);

/* Leaves a cache to whoever comes next. False, of cache_bequeath: there are enough of these. */
void cache_leave(Cache *cache);
bool cache_bequeath(Cache *cache);

/* Whether there is one to be taken. A hint, for which no lock is needed. */
static inline bool cache_is_left(const Pool *pool)
{
    return __atomic_load_n(&pool->orphans, __ATOMIC_RELAXED) != 0;
}

/* Says that a size is in use, where the stack may be as it was at any time: it is short. */
static inline void cache_note_use(Cache *cache, size_t number)
{
    if (!sizes_is_small(number)) {
        cache->seen[number] = NULL;
    }
}

/* Empties a magazine into the stack, which is empty: a spare one, or one of the depot. False: there is
 * none. */
bool cache_fill(Cache *cache, size_t number);

/* Puts a round in after a magazine was filled from the stack. False: there is no room for one. */
bool cache_push_full(Cache *cache, size_t number, size_t block);

/* Whether a size is used so often that a stack is worth it; counts this call. */
bool cache_is_hot(Cache *cache, size_t number);

/* How many rounds to load, with an empty stack for them; 0: there is none. The rounds are put where
 * cache_rounds tells, and cache_load says how many they are. */
size_t cache_start_load(Cache *cache, size_t number);
Pos *cache_rounds(Cache *cache, size_t number);
void cache_load(Cache *cache, size_t number, size_t count);

/* Makes room in a full stack. */
void cache_unload(Cache *cache, size_t number, CacheSink *sink, void *context);

/* Empties stacks that were not used for a while, if it is time to look for them. shared: other threads
 * use the heap, too. */
void cache_cool(Cache *cache, bool shared, CacheSink *sink, void *context);

/* Empties a cache, as cache_drain, and gives its memory back; the pool keeps what it has counted. */
void cache_end(Cache *cache, bool full, CacheSink *sink, void *context);

/* Empties all stacks and magazines. full: spare ones go to the depot if there is room. */
void cache_drain(Cache *cache, bool full, CacheSink *sink, void *context);

/* Empties the depot, and the caches that lost their owners, which are gone then; returns what these
 * have counted. */
CacheCounts cache_drain_pool(Pool *pool, CacheSink *sink, void *context);

/* What was counted since this was called the last time. */
CacheCounts cache_take_counts(Cache *cache);

#endif
