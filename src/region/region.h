/* SPDX-License-Identifier: MIT
 *
 * A region: a heap, the memory it lives in, its lock, and the counts of what was asked of it. */
#ifndef MEM_SRC_REGION_H
#define MEM_SRC_REGION_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/granule.h"
#include "cache/pool.h"
#include "cache/thread.h"
#include "heap/heap.h"
#include "mem.h"
#include "os/lock.h"
#include "region/view.h"

/* What only a region with caches has: so many bytes before the handle. The first members are read by calls on their common
 * way, and written to only when the region begins: so they have a cache line to themselves. */
typedef struct Caches {
    size_t slot;    /* of each thread's caches: see region_slot */
    ptrdiff_t pool; /* bytes from the handle, here and below */
    ptrdiff_t live, remote, listed, posted, tags, offsets; /* the tables, as in Granules */
    unsigned
        asking; /* threads that are about to ask, of a remote bit that they set, what became of it. Atomic */
    /* Changed while the region is locked: */
    uint64_t dissolved; /* blocks of the program's in spans that were dissolved, or were reset */
    size_t spans;       /* that all caches have; 0: there is nothing to settle */
    uint64_t settlings; /* how often all spans were dissolved, for lack of memory */
    uint64_t resume;    /* heap.taken + heap.given from which on spans are taken again */
    size_t reclaim_at;  /* units: another cache is looked at when the heap's peak gets there */
    unsigned reclaimed; /* the owner whose cache was looked at last; 0: none was */
} Caches;

enum { LINE_BYTES = 64 };

typedef struct Region {
    union {
        struct {
            size_t front;             /* bytes before this structure, from the first part on */
            size_t total;             /* bytes of the memory, guards included */
            unsigned short alignment; /* of every block: bytes, a power of two */
            bool mapped;              /* the memory is a mapping of ours */
            bool returns;             /* and its pages may go back to the system, and come again */
            bool pooled;              /* it was laid out with a pool for caches */

            /* The heap counts every block that is taken and given. More than these, modulo 2^64, were
             * the calls of Alloc and Free that took and gave nothing; less what was not done by them. */
            uint64_t more_allocs, more_frees;
            uint64_t callocs, reallocs, aligned_allocs; /* calls, without those that caches count */
            uint64_t failures, misuses; /* calls that failed with ENOMEM; misuses caught */

            Lock lock; /* held while anything above, or the Heap, is changed */
        };
        unsigned char owner[HEAP_OWNER_BYTES - sizeof(uint64_t)];
    };
    /* Units of the largest block that a cache hands out in the short way; 0: the region has no caches. All calls read
     * this, and the Heap's first members: they are on a cache line that nothing else is written to. */
    size_t small;
    Heap heap; /* last: the size classes follow it */
} Region;

static_assert(offsetof(Region, heap) == HEAP_OWNER_BYTES, "so much is before the heap");
static_assert(sizeof(Region) == HEAP_OWNER_BYTES + sizeof(Heap),
              "the size classes follow the heap");

/* Bytes from the beginning of Caches to the handle, which is where a cache line begins. */
#define CACHES_BYTES ((sizeof(Caches) + sizeof(Region) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES)

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
    return region->small != 0;
}

static ALWAYS_INLINE Caches *region_caches(Region *region)
{
    return (Caches *)(void *)((char *)region_handle(region) - CACHES_BYTES);
}

/* Which of each thread's caches are for the region. In libmem-malloc.so there is only one. */
static ALWAYS_INLINE size_t region_slot(Region *region)
{
    return THREAD_REGIONS == 1 ? 0 : region_caches(region)->slot;
}

/* Keeps all threads from using the caches of a region, which is locked; and ends that, unless the region is
 * broken. */
static inline void region_hide_caches(Region *region)
{
    if (region_is_cached(region)) {
        threads_hide(region_slot(region));
    }
}

static inline void region_show_caches(Region *region)
{
    if (region_is_cached(region) && !region->heap.broken) {
        threads_show(region_slot(region));
    }
}

/* Declares that the map contradicts itself: from now on nothing is handed out, or changed, and caches are not
 * used. The region is locked by the caller. Mem_RegionReset makes the region sound again. */
static inline void region_break(Region *region)
{
    heap_break(&region->heap);
    region_hide_caches(region);
}

static inline Pool *region_pool(Region *region)
{
    return (Pool *)(void *)((char *)region_handle(region) + region_caches(region)->pool);
}

/* The tables of granules, of a region that has caches. */
static inline Granules region_granules(Region *region)
{
    const Caches *caches = region_caches(region);
    char *base = (char *)region_handle(region);

    return (Granules){.live = (LiveWord *)(void *)(base + caches->live),
                      .remote = (LiveWord *)(void *)(base + caches->remote),
                      .tags = (uint16_t *)(void *)(base + caches->tags),
                      .offsets = (uint16_t *)(void *)(base + caches->offsets),
                      .listed = (Pos *)(void *)(base + caches->listed),
                      .posted = (Pos *)(void *)(base + caches->posted),
                      .lengths = region_pool(region)->lengths};
}

/* What a region has, as its program sees it: to be looked at while its caches are hidden. */
static inline View region_view(Region *region, Granules *granules)
{
    if (!region_is_cached(region)) {
        return view_of(&region->heap, NULL);
    }
    *granules = region_granules(region);
    return view_of(&region->heap, granules);
}

/* The tag of the granule that a position below the heap's end lies in; 0: it is the heap's. */
static inline unsigned region_tag(Region *region, size_t block)
{
    const char *base = (char *)region_handle(region);

    return region_is_cached(region)
               ? granule_tag((const uint16_t *)(const void *)(base + region_caches(region)->tags),
                             block)
               : 0;
}

/* Units of the largest blocks that go through caches; 0: none does. */
static inline size_t region_largest(Region *region)
{
    return region_is_cached(region) ? region_pool(region)->largest : 0;
}

static inline bool region_lock(Region *region)
{
    return lock_take(&region->lock);
}

static inline void region_unlock(Region *region, bool locked)
{
    lock_release(&region->lock, locked);
}

static inline size_t region_capacity(const Region *region)
{
    return heap_bytes(&region->heap, region->heap.end - region->heap.first);
}

#endif
