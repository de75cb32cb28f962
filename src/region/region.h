/* SPDX-License-Identifier: MIT
 *
 * A region: a heap, its memory, its lock, and the counts of its calls. */
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

/* Data that only a region with caches has, CACHES_BYTES before the handle. Common calls read the
 * first members, which are written only when the region is created: they have a cache line to
 * themselves. */
typedef struct Caches {
    size_t slot;    /* which of each thread's caches: see region_slot */
    ptrdiff_t pool; /* bytes from the handle, here and below */
    ptrdiff_t live, remote, listed, posted, tags, offsets; /* tables, as in Granules */
    unsigned asking; /* threads about to ask what became of their remote bit; atomic */
    /* Changed while the region is locked: */
    uint64_t dissolved; /* the program's blocks in spans that were dissolved or reset */
    size_t spans;       /* spans of all caches; 0: nothing to settle */
    uint64_t settlings; /* how often the region has settled */
    uint64_t resume;    /* heap.taken + heap.given at which spans are taken again */
    size_t reclaim_at;  /* units: another cache is looked at when heap.peak gets there */
    unsigned reclaimed; /* owner whose cache was looked at last; 0: none yet */
} Caches;

enum {
    LINE_BYTES = 64,
    NAME_BYTES = 48 /* of a region's name, with the null byte behind it */
};

/* Where a region is in the tree of all regions: see registry.c. */
typedef struct RegistryNode {
    ptrdiff_t left, right; /* bytes from this Region to others; 0: none */
    uintptr_t reach; /* the highest address behind a last block, of this region and all below it */
} RegistryNode;

typedef struct Region {
    union {
        struct {
            size_t front;             /* bytes from the first part to this structure */
            size_t total;             /* bytes of the memory, guards included */
            unsigned short alignment; /* bytes: of every block, a power of two */
            bool mapped;              /* the memory is a mapping of libmem's */
            bool returns;             /* its pages may go back to the system and come again */
            bool pooled;              /* it was laid out with a pool */
            unsigned char recorded;   /* its number for the hook; 0: it is not recorded */

            /* The heap counts every block taken and given back. The calls of Alloc and Free are
             * these counts plus the following, modulo 2^64. */
            uint64_t more_allocs, more_frees;
            uint64_t callocs, reallocs, aligned_allocs; /* calls, without those counted by caches */
            uint64_t failures, misuses; /* calls failed with ENOMEM; misuses caught */

            RegistryNode node;     /* changed under the registry's lock */
            char name[NAME_BYTES]; /* as name_copy leaves it; empty: none */

            Lock lock; /* held while anything above, or the Heap, is changed */
        };
        unsigned char owner[HEAP_OWNER_BYTES - sizeof(uint64_t)];
    };
    /* Units of the largest block that a cache hands out the short way; 0: no caches. Every call
     * reads this and the Heap's first members: they are on a cache line that holds nothing else
     * that changes. */
    size_t small;
    Heap heap; /* last: the heads of the size classes follow */
} Region;

static_assert(offsetof(Region, heap) == HEAP_OWNER_BYTES, "the owner's data end at the heap");
static_assert(sizeof(Region) == HEAP_OWNER_BYTES + sizeof(Heap),
              "the size classes follow the heap");

/* Bytes from Caches to the handle; Caches begins at a cache line. */
#define CACHES_BYTES ((sizeof(Caches) + sizeof(Region) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES)

/* The default region, for which NULL stands; or NULL. */
extern HIDDEN Mem_Region *region_default;

static inline Mem_Region *region_get_default(void)
{
    return __atomic_load_n(&region_default, __ATOMIC_RELAXED);
}

static inline void region_set_default(Mem_Region *handle)
{
    __atomic_store_n(&region_default, handle, __ATOMIC_RELAXED);
}

/* A handle points just past the structure, to the heads of the size classes. Everything that a call
 * needs is at a fixed distance from there, and links count from there. So common calls work with
 * the handle as their only base address. */
static inline Region *region_of(Mem_Region *handle)
{
    return (Region *)(void *)handle - 1;
}

static inline Mem_Region *region_handle(Region *region)
{
    return (Mem_Region *)(void *)(region + 1);
}

/* Returns the region of a handle; for NULL the default one. Returns NULL, and sets EINVAL, if there
 * is none. */
Region *region_wanted(Mem_Region *handle);

static inline bool region_is_cached(const Region *region)
{
    return region->small != 0;
}

static ALWAYS_INLINE Caches *region_caches(Region *region)
{
    return (Caches *)(void *)((char *)region_handle(region) - CACHES_BYTES);
}

/* Returns which of each thread's caches is for the region. */
static ALWAYS_INLINE size_t region_slot(Region *region)
{
    return region_caches(region)->slot;
}

/* Keep all threads from using the caches of a locked region, and end that, unless the region is
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

/* Breaks a locked region, whose map contradicts itself: from now on nothing is handed out or
 * changed, and caches stay hidden. Mem_RegionReset makes the region sound again. */
static inline void region_break(Region *region)
{
    heap_break(&region->heap);
    region_hide_caches(region);
}

static inline Pool *region_pool(Region *region)
{
    return (Pool *)(void *)((char *)region_handle(region) + region_caches(region)->pool);
}

/* Returns the tables of a region with caches. */
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

/* Returns a view of a region as its program sees it. Valid while the region is locked and its
 * caches are hidden. */
static inline View region_view(Region *region, Granules *granules)
{
    if (!region_is_cached(region)) {
        return view_of(&region->heap, NULL);
    }
    *granules = region_granules(region);
    return view_of(&region->heap, granules);
}

/* Returns the tag of the granule at a position below the heap's end; 0: the heap's. */
static inline unsigned region_tag(Region *region, size_t block)
{
    const char *base = (char *)region_handle(region);

    return region_is_cached(region)
               ? granule_tag((const uint16_t *)(const void *)(base + region_caches(region)->tags),
                             block)
               : 0;
}

/* Returns the units of the largest block that goes through caches; 0: none does. */
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

/* The address of the first block. */
static inline void *region_first(Region *region)
{
    return heap_address(&region->heap, region->heap.first);
}

static inline size_t region_capacity(const Region *region)
{
    return heap_bytes(&region->heap, region->heap.end - region->heap.first);
}

#endif
