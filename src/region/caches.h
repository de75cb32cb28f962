/* SPDX-License-Identifier: MIT
 *
 * The caches of a region: their threads, the spans they take and give back, and the region as its
 * program sees it, heap and caches together. */
#ifndef MEM_SRC_CACHES_H
#define MEM_SRC_CACHES_H

#include "cache/cache.h"
#include "cache/thread.h"
#include "region/layout.h"
#include "region/operation.h"
#include "region/region.h"

/* ------------------------------------------------------------------------------------------------
 * Threads and their caches: caches.c
 * --------------------------------------------------------------------------------------------- */

/* Gives a region caches if a slot is free. Its memory is laid out for them, with a pool whose first
 * pool_bytes bytes are open. caches_end takes them away. */
void caches_start(Region *region, const Layout *layout, size_t pool_bytes);
void caches_end(Region *region);

/* Prepares what caches need from the system; otherwise that happens when a thread first needs a
 * cache. Returns false if it is not ready yet. */
bool caches_prepare(void);

/* Leaves the cache of a thread that ends to the next thread that needs one. */
void caches_leave(Cache *cache);

/* Counts a call of a thread that has no cache, or may not use it now, and gives it one when it is
 * time. */
void caches_note_call(Region *region);

/* ------------------------------------------------------------------------------------------------
 * Taking a block: caches-take.c
 * --------------------------------------------------------------------------------------------- */

/* Takes a block of a class from the calling thread's cache: caches_pop the short way, caches_take
 * after filling the stack. Returns 0 if the caller must ask the heap: the thread has no cache, the
 * class is not busy, or there is no memory for a span. */
static ALWAYS_INLINE size_t caches_pop_slot(size_t slot, size_t size_class)
{
    Thread *self = thread_self;
    size_t block;

    thread_enter(self);
    block = cache_pop(thread_cache(self, slot), size_class);
    thread_leave(self);
    return block;
}

static ALWAYS_INLINE size_t caches_pop(Region *region, size_t size_class)
{
    return caches_pop_slot(region_slot(region), size_class);
}

size_t caches_take(Region *region, size_t size_class);

/* Does both; size_class 0 means no class. */
static inline size_t caches_alloc(Region *region, size_t size_class)
{
    size_t block = size_class == 0 ? 0 : caches_pop(region, size_class);

    return block != 0 || size_class == 0 ? block : caches_take(region, size_class);
}

/* Gives back some empty spans of a class, after its stack was full. */
void caches_drop_empty(Region *region, Cache *cache, size_t size_class);

/* Returns the class for blocks of `units` units at multiples of alignment (bytes, a power of two);
 * 0: there is none. */
size_t caches_class(Region *region, size_t units, size_t alignment);

/* Kinds of calls that caches serve, for counting. */
typedef enum CachesCall {
    CACHES_CALLOC,
    CACHES_ALIGNED_ALLOC,
    CACHES_REALLOC, /* in place */
    CACHES_MOVE     /* a Realloc that took a block and freed one */
} CachesCall;

/* Counts a call on a region with caches. */
void caches_count(Region *region, CachesCall call);

/* ------------------------------------------------------------------------------------------------
 * Freeing a block: caches-free.c
 * --------------------------------------------------------------------------------------------- */

/* Frees a block at a position, which is verified: caches_push the short way, caches_free in all
 * cases, for a position below the heap's end. CACHE_ELSEWHERE: the position is in no span, and the
 * caller must ask the heap. */
static ALWAYS_INLINE CacheFreed caches_push_slot(size_t slot, const void *address, size_t block)
{
    Thread *self = thread_self;
    CacheFreed freed;

    thread_enter(self);
    freed = cache_push(thread_cache(self, slot), address, block);
    thread_leave(self);
    return freed;
}

static ALWAYS_INLINE CacheFreed caches_push(Region *region, const void *address, size_t block)
{
    return caches_push_slot(region_slot(region), address, block);
}

CacheFreed caches_free(Region *region, size_t block);

/* Decides, in the child of a fork(), for threads that were about to ask and do not exist there. A
 * remote bit of a live block stays, and its owner will find it; all others are cleared. */
void caches_decide_all(Region *region);

/* Returns whether an address lies in a span. *units: those of the program's block that begins
 * there; 0: none. */
bool caches_find(Region *region, const void *pointer, size_t *units);

/* ------------------------------------------------------------------------------------------------
 * The heap's blocks, and settling for lack of memory: caches-settle.c. The region is locked.
 * --------------------------------------------------------------------------------------------- */

/* Takes a block from the heap, and settles if there is none. Returns 0 if that does not help. */
Pos caches_take_block(Operation *operation, Take take);

/* Returns the heap's block in use that starts at an address and is no span; or 0. */
Pos caches_find_block(Operation *operation, const void *pointer);

/* Settles: turns all spans into blocks in use and free blocks of the heap. Returns false if there
 * are none. */
bool caches_settle(Operation *operation);

/* Forgets all spans, before the heap is initialized again. The caches are hidden. */
void caches_reset(Region *region);

/* ------------------------------------------------------------------------------------------------
 * Looking, while caches are hidden: caches-look.c
 * --------------------------------------------------------------------------------------------- */

/* Returns the totals of a region, heap and spans together. */
ViewTotals caches_totals(Region *region);

/* Counts of calls that caches have served. */
typedef struct CachesCounts {
    uint64_t allocs, frees, callocs, reallocs, aligned_allocs; /* as in Mem_Stats */
} CachesCounts;

/* totals: those of the region; NULL: counts no frees, and needs no lock. */
CachesCounts caches_counts(Region *region, const ViewTotals *totals);

/* Checks all caches, as cache_check does. */
bool caches_check(Region *region, char *message, size_t size);

#endif
