/* SPDX-License-Identifier: MIT
 *
 * Pages that are had from the system before they are used, several at a time: a page fault for each costs a
 * multiple of that. It is done where the heap hands out small blocks of memory that never was in use, and
 * only a little ahead of them. Large blocks may be meant to be used in part, and are left to page faults.
 *
 * Most calls only compare two numbers. */
#ifndef MEM_MALLOC_AHEAD_H
#define MEM_MALLOC_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "region/region.h"

enum {
    AHEAD_BLOCK = 64 << 10, /* bytes of requests that count as large */
    AHEAD_LEAST = 16 << 10, /* bytes ahead at least */
    AHEAD_MOST = 256 << 10, /* and at most; */
    AHEAD_SHARE = 64        /* in between, such a part of what was ever in use */
};

/* Where the pages end for which that is done: where one ends. */
extern HIDDEN uintptr_t ahead_end;

/* The address from which on nothing was ever in use. */
static inline uintptr_t ahead_clean(Mem_Region *region)
{
    Heap *heap = &region_of(region)->heap;

    return (uintptr_t)heap_address(heap, __atomic_load_n(&heap->clean, __ATOMIC_RELAXED));
}

/* Whether ahead_get should be called now, after something was allocated. */
static inline bool ahead_is_due(Mem_Region *region)
{
    return UNLIKELY(ahead_clean(region) > __atomic_load_n(&ahead_end, __ATOMIC_RELAXED));
}

/* Called once, before all others. wanted: whether any of this is to be done. */
void ahead_start(Mem_Region *region, bool wanted);

/* Has pages made present up to a little beyond what was ever in use. size: of the request that is served. */
void ahead_get(Mem_Region *region, size_t size);

/* Gives back those that were not used so far. True if there were any. */
bool ahead_release(Mem_Region *region);

#endif
