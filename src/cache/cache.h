/* SPDX-License-Identifier: MIT
 *
 * A thread's cache for a region. Each size class that the thread uses often has spans, and a stack
 * of positions of free blocks in them.
 *
 * The live bits are the truth. A stack is a list of hints, which are always right: each position on
 * it is that of a block in a span of this cache and class, is not live, and is there once. So a
 * full stack may forget its older half: the spans of these blocks become loose. An empty stack is
 * filled from a loose span, by its live bits. */
#ifndef MEM_SRC_CACHE_H
#define MEM_SRC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/granule.h"
#include "cache/inbox.h"
#include "cache/pool.h"
#include "cache/span.h"

/* The word above the last position of a stack. The word below the first is 0, which is no block's
 * position. So a pop or a push sees from a word that it reads anyway whether the stack is empty or
 * full. */
#define STACK_CEILING UINT32_MAX

/* The data of a class in a cache, except the top of its stack. */
typedef struct CacheClass {
    Pos stack;               /* pool piece where the stack begins, with its 0; 0: no stack */
    Pos loose;               /* last span in the circular list of loose spans; 0: none */
    unsigned short capacity; /* positions that the stack has room for, if there is one */
    /* Positions on the stack at the last cache_cool; more than any capacity if the stack was
     * refilled since. */
    unsigned short seen;
    unsigned char calls; /* allocations that found no block, counted until the class is busy */
} CacheClass;

/* Fields that other threads write to, and rarely used ones, have cache lines of their own. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
typedef struct Cache {
    /* By class: address of the stack's last position, or of its floor if it is empty;
     * cache_no_stack if there is no stack, and for class 0. */
    Pos *tops[SIZES + 1];
    uint64_t pops;     /* blocks ever popped */
    size_t end;        /* position of the heap's end; 0 in cache_none, which has no granules */
    Granules granules; /* the region's; never changes */
    Pool *pool;        /* the region's; never changes */
    unsigned tag; /* owner << OWNER_SHIFT; with the class added, the tag of its spans' granules */
    /* Written by other threads: on cache lines of its own. */
    Inbox inbox __attribute__((__aligned__(128)));
    /* Rarely used from here on. */
    CacheClass classes[SIZES + 1] __attribute__((__aligned__(128)));
    uint64_t callocs, aligned_allocs; /* calls that this cache has served */
    uint64_t reallocs, moves;         /* calls of Realloc served: in place; by moving the block */
    unsigned quiet;                   /* refills since a span was last found in the inbox */
    unsigned next_class;              /* class that cache_cool looked at last; 0: none yet */
    bool was_full; /* a stack has forgotten its older half: some spans may be empty */
    Pos next;      /* owner of the next cache in the list of those without a thread; 0: none */
} Cache;

/* A stack that is both empty and full: 0 and STACK_CEILING. */
extern HIDDEN Pos cache_no_stack[2];

/* The cache of threads that have none, or must not use theirs. Nothing is ever taken from it or put
 * into it. */
extern HIDDEN Cache cache_none;

/* Pops a block of a class and marks it as live. Returns 0 if the stack is empty. */
static ALWAYS_INLINE size_t cache_pop(Cache *cache, size_t size_class)
{
    Pos *top = cache->tops[size_class];
    size_t block = *top;

    if (LIKELY(block != 0)) {
        cache->tops[size_class] = top - 1;
        cache->pops++;
        live_set(cache->granules.live, block);
    }
    return block;
}

/* Pushes a live block on the stack of its class. Also prefetches it: it is likely to be allocated
 * next. */
static ALWAYS_INLINE CacheFreed cache_push(Cache *cache, const void *address, size_t block)
{
    LiveWord *live;
    size_t size_class;
    uint64_t word;
    Pos *top;

    if (UNLIKELY(block >= cache->end)) {
        return CACHE_ELSEWHERE;
    }
    size_class = granule_tag(cache->granules.tags, block) ^ cache->tag;
    if (UNLIKELY(size_class > CLASS_MASK)) {
        return CACHE_ELSEWHERE;
    }
    live = &cache->granules.live[block / LIVE_WORD_BITS];
    word = live_word(live);
    if (UNLIKELY(!bits_take(&word, live_bit(block)))) {
        return CACHE_TWICE;
    }
    __builtin_prefetch(address, 1);
    top = cache->tops[size_class];
    if (UNLIKELY(top[1] == STACK_CEILING) || UNLIKELY(inbox_is_watched(&cache->inbox))) {
        return CACHE_LONGER;
    }
    top[1] = (Pos)block;
    cache->tops[size_class] = top + 1;
    live_put_word(live, word);
    return CACHE_FREED;
}

/* Returns the floor of the stack of a class that has one. */
static inline Pos *cache_floor(const Cache *cache, size_t size_class)
{
    return pool_piece(cache->pool, cache->classes[size_class].stack);
}

/* Returns the number of positions on the stack of a class. */
static inline size_t cache_count(const Cache *cache, size_t size_class)
{
    return cache->classes[size_class].stack == 0
               ? 0
               : (size_t)(cache->tops[size_class] - cache_floor(cache, size_class));
}

/* Frees a block in a span of this cache, in all cases. Returns CACHE_FREED or CACHE_TWICE. */
CacheFreed cache_free(Cache *cache, size_t block);

/* Counts an allocation of a class. Returns whether the class is busy enough to have spans. */
bool cache_is_busy(Cache *cache, size_t size_class);

/* Refills an empty stack without the heap: from blocks that other threads freed, and from loose
 * spans. Returns false if it is still empty. */
bool cache_refill(Cache *cache, size_t size_class);

/* Ensures that a class has a stack. Returns false if the pool is used up. */
bool cache_need_stack(Cache *cache, size_t size_class);

/* Puts a span with the cache's tag at the front of the list of its class, unless it is in the
 * list. */
void cache_loosen(Cache *cache, size_t size_class, size_t span);

/* Collects what other threads have freed, in at most `most` spans. */
void cache_collect(Cache *cache, size_t most);

/* Removes up to `most` empty spans from a class, after looking at no more than `looks` loose ones.
 * Returns how many; the caller gives them back to the heap, which is locked. */
size_t cache_drop_empty(Cache *cache, size_t size_class, size_t looks, Pos *spans, size_t most);

/* Looks at the next class, and returns its number. A class that was not used since the last look
 * loses its stack, and later begins as a new one. */
size_t cache_cool(Cache *cache);

/* Forgets all spans and empties all stacks. The caller disposes of the spans. */
void cache_forget_all(Cache *cache);

/* Checks a cache. Returns true if it is sound, or writes one line about the first fault. No cache
 * is in use meanwhile; live bits change and change back. granules: those from this number on were
 * never in use. */
bool cache_check(Cache *cache, size_t granules, char *message, size_t size);

#endif
