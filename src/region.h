/* SPDX-License-Identifier: MIT
 *
 * A region: a heap, the memory it lives in, its lock, and the counts of what was asked of it. */
#ifndef MEM_SRC_REGION_H
#define MEM_SRC_REGION_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap.h"
#include "live.h"
#include "lock.h"
#include "mem.h"
#include "pool.h"
#include "thread.h"

/* What only a region with magazines has, right before the Region structure, and behind words of 8 bytes. */
typedef struct Cached {
    uint64_t pops;  /* rounds taken from magazines, less those loaded into them */
    size_t key;     /* what blocks in magazines begin with */
    size_t slot;    /* of each thread's caches: see region_slot */
    Live live;      /* the bits while they say instead of the key which these are, else NULL */
    Live live_room; /* where they will be; NULL: nowhere, or they are in use, or were */
} __attribute__((__aligned__(8))) Cached;

typedef struct Region {
    union {
        struct {
            size_t front;      /* bytes before this structure: of the parts from the pool on */
            size_t total;      /* bytes of the memory, guards included */
            size_t cached;     /* units up to which blocks go through magazines; 0: none does */
            size_t cached_end; /* the heap's end if there are magazines, else 0 */
            unsigned short alignment; /* of every block */
            bool mapped;              /* the memory is a mapping of ours */
            bool returns;             /* and its pages may go back to the system, and come again */
            bool pooled;              /* it was laid out with a pool, if such a heap has one */
            bool has_magazines;       /* though perhaps they are not in use: see region_break */

            /* The heap counts every block that is taken and given. More than these, modulo 2^64, were
             * the calls of Alloc and Free that took and gave nothing; less what was not done by them. */
            uint64_t more_allocs, more_frees;
            uint64_t callocs, reallocs, aligned_allocs;
            uint64_t failures, misuses;

            Lock lock;
        };
        unsigned char owner[HEAP_OWNER_BYTES]; /* so much is between the map and the heap */
    };
    Heap heap; /* last: the size classes follow it */
} Region;

static_assert(offsetof(Region, heap) == HEAP_OWNER_BYTES, "so much is before the heap");
static_assert(sizeof(Region) == HEAP_OWNER_BYTES + sizeof(Heap),
              "the size classes follow the heap");

/* The region that NULL stands for, or NULL. */
extern HIDDEN Mem_Region *region_default;

static inline Mem_Region *region_get_default(void)
{
    return __atomic_load_n(&region_default, __ATOMIC_RELAXED);
}

static inline void region_set_default(Mem_Region *handle)
{
    __atomic_store_n(&region_default, handle, __ATOMIC_RELAXED);
}

/* What programs hold is a pointer just past the structure, to the size classes. All that a call
 * needs is at a fixed distance from there, and links are counted from there, so that the pointer
 * as it comes in is the only base address that the common calls work with. */
static inline Region *region_of(Mem_Region *handle)
{
    return (Region *)(void *)handle - 1;
}

static inline Mem_Region *region_handle(Region *region)
{
    return (Mem_Region *)(void *)(region + 1);
}

/* The region that a program means; NULL and EINVAL if it means the default and there is none. */
Region *region_wanted(Mem_Region *handle);

static inline bool region_is_cached(const Region *region)
{
    return region->cached != 0;
}

static ALWAYS_INLINE Cached *region_cached(Region *region)
{
    return (Cached *)(void *)region - 1;
}

/* Which of each thread's caches are for the region. In libmem-malloc.so there is only one. */
static ALWAYS_INLINE size_t region_slot(Region *region)
{
    return THREAD_REGIONS == 1 ? 0 : region_cached(region)->slot;
}

/* The first bytes of a block of such a region: the key while the block is in a magazine, if there are no
 * live bits. */
static ALWAYS_INLINE size_t *region_word(Region *region, size_t block)
{
    Link *links = (Link *)(void *)region_handle(region);

    return (size_t *)(void *)&links[block];
}

/* The live bits of a region if they are in use, or NULL. */
static ALWAYS_INLINE Live region_live(Region *region)
{
    return LIVE_BITS && region_is_cached(region)
               ? __atomic_load_n(&region_cached(region)->live, __ATOMIC_RELAXED)
               : NULL;
}

/* Says that a block is the program's, or no more. Nothing is done where there are no live bits. */
static ALWAYS_INLINE void region_note_taken(Region *region, size_t block)
{
    Live live = region_live(region);

    if (live != NULL) {
        live_set(live, block);
    }
}

static ALWAYS_INLINE void region_note_given(Region *region, size_t block)
{
    Live live = region_live(region);

    if (live != NULL) {
        live_clear(live, block);
    }
}

/* Whether a block of a region with magazines, in use for the heap, is perhaps in one of them. */
static ALWAYS_INLINE bool region_is_waiting(Region *region, size_t block)
{
    Live live = region_live(region);

    return live != NULL ? !live_test(live, block)
                        : *region_word(region, block) == region_cached(region)->key;
}

/* The magazines of a region that has them: they come first of its parts. */
static inline Pool *region_pool(Region *region)
{
    return (Pool *)(void *)((char *)region - region->front);
}

/* Lets the live bits begin, for a region that one thread uses: they say what the map says, since no block is
 * in a magazine. Without room for them, nothing is done. */
void region_begin_live(Region *region);

/* Says that no block is the program's. */
void region_clear_live(Region *region);

/* The first block of which the live bits do not say what the map says, while no block is in a magazine; or
 * 0. */
Pos region_find_wrong_live(Region *region);

/* Declares that the map contradicts itself: from now on nothing is handed out, or changed, and magazines are not
 * used. The region is locked by the caller. Mem_RegionReset makes the region sound again. */
void region_break(Region *region);

/* Units of the largest blocks that go through magazines now; 0: none does. Larger than region->cached where
 * threads share the heap. */
static inline size_t region_largest(Region *region)
{
    return !region_is_cached(region) ? 0
           : lock_is_needless()      ? region->cached
                                     : region_pool(region)->largest;
}

/* For what looks at no live bits; else operation_begin, and operation_resume. */
static inline bool region_lock(Region *region)
{
    return lock_take(&region->lock);
}

static inline void region_unlock(Region *region, bool taken)
{
    lock_release(&region->lock, taken);
}

static inline size_t region_capacity(const Region *region)
{
    return heap_bytes(&region->heap, region->heap.end - region->heap.first);
}

/* All figures of a region, which must be locked. */
void region_stats(Region *region, Mem_Stats *stats);

#endif
