/* SPDX-License-Identifier: MIT
 *
 * Regions of any shape, put together by hand: units of any size, any number of size classes, and a
 * first block anywhere. The library makes only some of these shapes, and others only in regions too
 * large to test thoroughly. */
#ifndef MEM_TESTS_SHAPED_H
#define MEM_TESTS_SHAPED_H

#include "region/region.h"
#include "support.h"

typedef struct Shape {
    unsigned shift;   /* a unit is 1 << shift bytes */
    Pos classes;      /* 64, 128, 256: nodes in slots; 512: nodes in the map */
    Pos gap;          /* units between the heads and the first block */
    size_t alignment; /* bytes: of blocks; at least a unit */
    Pos units;        /* units of the heap */
} Shape;

/* Makes a bed of a shape, in memory of the test. End it by bed_close. */
Bed shaped_open(const Shape *shape);

/* Returns the region structure of a bed. */
static inline Region *shaped_region(const Bed *bed)
{
    return region_of(bed->region);
}

#endif
