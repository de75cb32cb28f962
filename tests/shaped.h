/* SPDX-License-Identifier: MIT
 *
 * Regions of any shape, put together by hand: units of any size, any number of size classes, and a
 * first block anywhere. The library makes only some of these, and others only of regions that are too
 * large to be tested much. */
#ifndef MEM_TESTS_SHAPED_H
#define MEM_TESTS_SHAPED_H

#include "region/region.h"
#include "support.h"

typedef struct Shape {
    unsigned shift;   /* a unit is 1 << shift bytes */
    Pos classes;      /* 64, 128, 256: nodes of trees in slots; 512: in the map */
    Pos gap;          /* units between the heads and the first block */
    size_t alignment; /* of blocks; not less than a unit */
    Pos units;        /* of blocks */
} Shape;

/* Makes a bed of a shape, in memory of the test's. It is to be ended by bed_close. */
Bed shaped_open(const Shape *shape);

/* The structures inside of a bed's region. */
static inline Region *shaped_region(const Bed *bed)
{
    return region_of(bed->region);
}

#endif
