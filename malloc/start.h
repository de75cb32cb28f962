/* SPDX-License-Identifier: MIT
 *
 * The one region of the program. It is made when it is first needed, which may be before any
 * constructor has run, and by several threads at once. It stays until the process ends. */
#ifndef MEM_MALLOC_START_H
#define MEM_MALLOC_START_H

#include "mem.h"
#include "region/region.h"

/* A region without blocks, to which no pointer belongs. It stands in until the region is made, and
 * saves every free() a test. */
typedef struct StartNone {
    Region region;
} StartNone;

extern HIDDEN StartNone start_none;

/* The region as the short ways see it: start_none until it is made; and for good if the program's
 * calls are recorded, so that all of them leave the short ways. */
extern HIDDEN Mem_Region *start_region;

/* The slot of the caches that the short ways look at. The region's is another one if calls are recorded. */
enum { START_SLOT = 0 };

static ALWAYS_INLINE Mem_Region *start_peek(void)
{
    return __atomic_load_n(&start_region, __ATOMIC_ACQUIRE);
}

/* Returns the region as the short ways see it, or NULL if they see none. */
static inline Mem_Region *start_get_short(void)
{
    Mem_Region *region = start_peek();

    return region == region_handle(&start_none.region) ? NULL : region;
}

/* The region; NULL until it is made. */
extern HIDDEN Mem_Region *start_made;

static inline Mem_Region *start_get_region(void)
{
    return __atomic_load_n(&start_made, __ATOMIC_ACQUIRE);
}

/* Makes the region, unless it exists. Returns NULL if the system has no memory for one. */
Mem_Region *start_make_region(void);

#endif
