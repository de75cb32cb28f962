/* SPDX-License-Identifier: MIT
 *
 * The caches of a region: which thread has which, what they take from the heap and give back, and what a region is to
 * its program, whether the heap has it or caches do. */
#ifndef MEM_SRC_CACHES_H
#define MEM_SRC_CACHES_H

#include "cache/cache.h"
#include "cache/thread.h"
#include "region/layout.h"
#include "region/operation.h"
#include "region/region.h"

/* ------------------------------------------------------------------------------------------------
 * Which thread has which: caches.c
 * --------------------------------------------------------------------------------------------- */

/* Gives a region caches, if it can have any: its memory is laid out for them, with a pool of which so many bytes are
 * open. */
void caches_start(Region *region, const Layout *layout, size_t pool_bytes);
void caches_end(Region *region);

/* Asks the system for what caches need; else that happens when a thread gets the first one. False: it is not
 * there yet. */
bool caches_prepare(void);

/* Counts a call of a thread that has no cache, or may not use it now, and gives it one when it is time. */
void caches_note_call(Region *region);

/* ------------------------------------------------------------------------------------------------
 * Taking a block: caches-take.c
 * --------------------------------------------------------------------------------------------- */

/* Takes a block of a class from the calling thread's cache, in the short way: here, or by caches_take, which fills
 * the stack. 0: the heap is to be asked, for the thread has no cache, or the class is not busy, or there is no memory
 * for a span. */
static ALWAYS_INLINE size_t caches_pop(Region *region, size_t size_class)
{
    Thread *self = thread_self;
    size_t block;

    thread_enter(self);
    block = cache_pop(thread_cache(self, region_slot(region)), size_class);
    thread_leave(self);
    return block;
}

size_t caches_take(Region *region, size_t size_class);

/* Both, for a class that is perhaps none. */
static inline size_t caches_alloc(Region *region, size_t size_class)
{
    size_t block = size_class == 0 ? 0 : caches_pop(region, size_class);

    return block != 0 || size_class == 0 ? block : caches_take(region, size_class);
}

/* Gives back some empty spans of a class, after its stack was full. */
void caches_drop_empty(Region *region, Cache *cache, size_t size_class);

/* The class for blocks of so many units at multiples of an alignment (bytes, a power of two); 0: there is none. */
size_t caches_class(Region *region, size_t units, size_t alignment);

/* Calls that caches served, as they are counted. */
typedef enum CachesCall {
    CACHES_CALLOC,
    CACHES_ALIGNED_ALLOC,
    CACHES_REALLOC, /* in place */
    CACHES_MOVE     /* a Realloc that took a block and freed one */
} CachesCall;

/* Counts a call, of a region that has caches. */
void caches_count(Region *region, CachesCall call);

/* ------------------------------------------------------------------------------------------------
 * Freeing one: caches-free.c
 * --------------------------------------------------------------------------------------------- */

/* Frees a block at a position, of which nothing is known, in the short way: here, or by caches_free, for a position
 * below the heap's end. CACHE_ELSEWHERE: it is in no span of any cache, and the heap is to be asked. */
static ALWAYS_INLINE CacheFreed caches_push(Region *region, const void *address, size_t block)
{
    Thread *self = thread_self;
    CacheFreed freed;

    thread_enter(self);
    freed = cache_push(thread_cache(self, region_slot(region)), address, block);
    thread_leave(self);
    return freed;
}

CacheFreed caches_free(Region *region, size_t block);

/* In the child of a fork(): decides what threads were about to ask that are not there. A remote bit of a block that the
 * program has stays, and its owner will see it; others are taken back. */
void caches_decide_all(Region *region);

/* Whether an address lies in a span. units: those of the block of the program's that begins there; 0 if there is
 * none. */
bool caches_find(Region *region, const void *pointer, size_t *units);

/* ------------------------------------------------------------------------------------------------
 * What the heap has, and what it gets for lack of memory: caches-settle.c. The region is locked.
 * --------------------------------------------------------------------------------------------- */

/* Takes a block from the heap; for lack of memory, from what caches have. 0: there is none. */
Pos caches_take_block(Operation *operation, Take take);

/* The block in use for the heap that starts at an address, and is no span; or 0. */
Pos caches_find_block(Operation *operation, const void *pointer);

/* Makes the heap's what caches have, for lack of memory. False: they have nothing. */
bool caches_settle(Operation *operation);

/* Forgets all spans: the heap is about to be made anew. Its caches are hidden. */
void caches_reset(Region *region);

/* ------------------------------------------------------------------------------------------------
 * Looking, while caches are hidden: caches-look.c
 * --------------------------------------------------------------------------------------------- */

/* What spans have of a region. */
ViewTotals caches_totals(Region *region);

/* Calls that caches served. */
typedef struct CachesCounts {
    uint64_t allocs, frees, callocs, reallocs, aligned_allocs; /* as in Mem_Stats */
} CachesCounts;

CachesCounts caches_counts(Region *region, const ViewTotals *totals);

/* Whether all caches are as they should be. */
bool caches_check(Region *region, char *message, size_t size);

#endif
