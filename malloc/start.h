/* SPDX-License-Identifier: MIT
 *
 * The one region of the program. It is made when it is first needed: that may be before any
 * constructor has run, and by several threads at once. It stays until the process is gone. */
#ifndef MEM_MALLOC_START_H
#define MEM_MALLOC_START_H

#include "mem.h"
#include "region/region.h"

/* A region of no blocks, to which no pointer belongs, stands for the one that is not there yet: that
 * saves every free() a question. */
typedef struct StartNone {
    Region region;
} StartNone;

extern HIDDEN StartNone start_none;

/* start_none before it is first needed. */
extern HIDDEN Mem_Region *start_region;

static ALWAYS_INLINE Mem_Region *start_peek(void)
{
    return __atomic_load_n(&start_region, __ATOMIC_ACQUIRE);
}

/* The region, or NULL where there is none. */
static inline Mem_Region *start_get_region(void)
{
    Mem_Region *region = start_peek();

    return region == region_handle(&start_none.region) ? NULL : region;
}

/* Makes the region, unless it is there. Returns NULL if the system has no memory for one. */
Mem_Region *start_make_region(void);

#endif
