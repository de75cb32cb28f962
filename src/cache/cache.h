/* SPDX-License-Identifier: MIT
 *
 * A thread's cache of a region. For each class of sizes that the thread is busy with, it has spans, and a stack of
 * positions of free blocks in these.
 *
 * The live bits are the truth. A stack is a list of hints, which are always right: each position on it is of a block in
 * a span of this cache and class, is not live, and is there once. So a full stack may forget its older half:
 * the spans of these blocks become loose. An empty stack is filled from a loose span, by its live bits. */
#ifndef MEM_SRC_CACHE_H
#define MEM_SRC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/granule.h"
#include "cache/inbox.h"
#include "cache/pool.h"
#include "cache/span.h"

/* Below the first position of a stack there is a 0, which is no block's. Above the last there is STACK_CEILING.
 * So a pop and a push see from the word that they read anyway that the stack is empty, or full. */
#define STACK_CEILING UINT32_MAX

/* A class of a cache, apart from the top of its stack. */
typedef struct CacheClass {
    Pos stack; /* piece of the pool where the stack begins, with its 0; 0: there is none */
    Pos loose; /* the last of the spans that may have free blocks which are not on the stack; 0: none */
    unsigned short capacity; /* positions that the stack has room for */
    /* Positions on it when cache_cool last looked; or more than there can be: it was filled since. */
    unsigned short seen;
    unsigned char calls; /* allocations that found no block, counted until the class is busy */
} CacheClass;

/* What is written to by others, and what is used seldom, is on lines of its own. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
typedef struct Cache {
    /* Of each class: where the last position of its stack is, or its floor; cache_no_stack if there is no stack,
     * and of class 0. */
    Pos *tops[SIZES + 1];
    uint64_t pops;     /* blocks ever taken from stacks */
    size_t end;        /* position of the heap's end; 0 in cache_none, which has no granules */
    Granules granules; /* the region's; never changes */
    Pool *pool;        /* the region's; never changes */
    unsigned tag; /* owner << OWNER_SHIFT: with the class, the tag of the granules of its spans */
    /* What other threads write to, on lines of its own. */
    Inbox inbox __attribute__((__aligned__(128)));
    /* What is used seldom. */
    CacheClass classes[SIZES + 1] __attribute__((__aligned__(128)));
    uint64_t callocs, aligned_allocs; /* calls that this cache has served */
    uint64_t reallocs,
        moves;           /* calls of Realloc that it has served: in place; by moving the block */
    unsigned quiet;      /* stacks filled since something was in the inbox */
    unsigned next_class; /* the last class that cache_cool looked at; 0 at first */
    bool was_full;       /* a stack has forgotten its older half: there may be empty spans */
    Pos next; /* owner of the cache that was left before this one, while no thread has it; 0: none */
} Cache;

/* A stack that is empty and full: 0 and STACK_CEILING. */
extern HIDDEN Pos cache_no_stack[2];

/* The cache of threads that have none, or must not use theirs: nothing is taken from it, nor put in. */
extern HIDDEN Cache cache_none;

/* Takes a block of a class: it is the program's from here on. 0: the stack is empty. */
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

/* Puts a block of the program's on the stack of its class. It is fetched as well: it is
 * likely to be the next that is allocated. */
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

/* Where the stack of a class begins, if it has one. */
static inline Pos *cache_floor(const Cache *cache, size_t size_class)
{
    return pool_piece(cache->pool, cache->classes[size_class].stack);
}

/* Positions on the stack of a class. */
static inline size_t cache_count(const Cache *cache, size_t size_class)
{
    return cache->classes[size_class].stack == 0
               ? 0
               : (size_t)(cache->tops[size_class] - cache_floor(cache, size_class));
}

/* Frees a block in a span of this cache, whatever there is to do. CACHE_FREED or CACHE_TWICE. */
CacheFreed cache_free(Cache *cache, size_t block);

/* Counts an allocation of a class. Whether the class is so busy that spans are worth it. */
bool cache_is_busy(Cache *cache, size_t size_class);

/* Fills an empty stack, without the heap: from what others freed, and from loose spans. False: it is still empty. */
bool cache_refill(Cache *cache, size_t size_class);

/* Makes sure that a class has a stack. False: the pool is used up. */
bool cache_need_stack(Cache *cache, size_t size_class);

/* Puts a span, which has the cache's tag, into the list of its class, as the first one, if it is not there. */
void cache_loosen(Cache *cache, size_t size_class, size_t span);

/* Takes over what other threads freed, of so many spans at most. */
void cache_collect(Cache *cache, size_t most);

/* Lets go of empty spans of a class, among the first few that are loose: they are for the caller to be given back to
 * the heap, which is locked. Returns how many. */
size_t cache_drop_empty(Cache *cache, size_t size_class, size_t looks, Pos *spans, size_t most);

/* Looks at the next class, and tells which: one that was not used since the last time loses its stack, and gets its
 * next one as if it were new. */
size_t cache_cool(Cache *cache);

/* Forgets all spans and all that is on stacks: what they are is for the caller. */
void cache_forget_all(Cache *cache);

/* Says in one line what is wrong with a cache; true: nothing. No cache is in use meanwhile, but live bits change and
 * change back. granules: all behind these were never in use. */
bool cache_check(Cache *cache, size_t granules, char *message, size_t size);

#endif
