/* SPDX-License-Identifier: MIT
 *
 * Populates pages ahead of their use, several at a time: a page fault for each would cost a
 * multiple of that. It happens where small blocks come from memory that was never in use, and only
 * a little ahead of them. Large blocks may be meant for partial use, and are left to page faults.
 *
 * Most calls only compare two numbers. */
#ifndef MEM_MALLOC_AHEAD_H
#define MEM_MALLOC_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "region/region.h"

enum {
    AHEAD_BLOCK = 64 << 10, /* bytes from which on a request counts as large */
    AHEAD_LEAST = 16 << 10, /* bytes ahead, at least */
    AHEAD_MOST = 256 << 10, /* bytes ahead, at most */
    AHEAD_SHARE = 64        /* in between, this part of the memory that was ever in use */
};

/* End of the populated pages: an address at a page boundary. */
extern HIDDEN uintptr_t ahead_end;

/* Returns the address from which on nothing was ever in use. */
static inline uintptr_t ahead_clean(Mem_Region *region)
{
    Heap *heap = &region_of(region)->heap;

    return (uintptr_t)heap_address(heap, __atomic_load_n(&heap->clean, __ATOMIC_RELAXED));
}

/* Returns whether ahead_get should be called now, after an allocation. */
static inline bool ahead_is_due(Mem_Region *region)
{
    return UNLIKELY(ahead_clean(region) > __atomic_load_n(&ahead_end, __ATOMIC_RELAXED));
}

/* Starts this module; call it once, before the other functions. wanted: whether to populate pages
 * at all. */
void ahead_start(Mem_Region *region, bool wanted);

/* Populates pages a little beyond the memory that was ever in use. size: of the request being
 * served. */
void ahead_get(Mem_Region *region, size_t size);

/* Gives back populated pages that are still unused. Returns whether there were any. */
bool ahead_release(Mem_Region *region);

#endif
