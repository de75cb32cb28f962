/* SPDX-License-Identifier: MIT
 *
 * Size classes: the sizes of blocks in spans. Up to SIZES_SMALL units, each number of units is a
 * class. Beyond, each octave has SIZES_STEPS classes, and a request is rounded up to the next one.
 * Classes are numbered from 1; the number of a small class is its units. */
#ifndef MEM_SRC_SIZES_H
#define MEM_SRC_SIZES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bits.h"
#include "base/unit.h"

/* Octaves beyond the small classes. The largest class has 32 KiB. */
#define SIZES_OCTAVES (8 - HEAP_UNIT_SHIFT)

enum {
    SIZES_SMALL_SHIFT = 7,
    SIZES_SMALL = 1 << SIZES_SMALL_SHIFT, /* the largest small class, and its units */
    SIZES_STEPS_SHIFT = 4,
    SIZES_STEPS = 1 << SIZES_STEPS_SHIFT, /* classes in an octave: rounding adds less than a 16th */
    SIZES_LARGEST = SIZES_SMALL << SIZES_OCTAVES,     /* units of the largest class */
    SIZES = SIZES_SMALL + SIZES_OCTAVES * SIZES_STEPS /* the number of the largest class */
};

/* Returns whether a class, or a number of units, is small. */
static inline bool sizes_is_small(size_t size_class)
{
    return size_class <= SIZES_SMALL;
}

/* Returns the smallest class of at least `units` units (1 to SIZES_LARGEST). */
static inline size_t sizes_class(size_t units)
{
    size_t shift;

    if (sizes_is_small(units)) {
        return units;
    }
    shift = bits_highest(units - 1) - SIZES_STEPS_SHIFT;
    return SIZES_SMALL + 1 + (shift - (SIZES_SMALL_SHIFT - SIZES_STEPS_SHIFT)) * SIZES_STEPS +
           ((units - 1) >> shift) % SIZES_STEPS;
}

/* Returns the units of a class. */
static inline size_t sizes_units(size_t size_class)
{
    size_t step = size_class - SIZES_SMALL - 1;

    return sizes_is_small(size_class)
               ? size_class
               : (SIZES_STEPS + step % SIZES_STEPS + 1)
                     << (SIZES_SMALL_SHIFT - SIZES_STEPS_SHIFT + step / SIZES_STEPS);
}

/* Returns the units of the largest class of at most `units` units. */
static inline size_t sizes_down(size_t units)
{
    size_t size_class = sizes_class(units);

    return sizes_units(size_class) > units ? sizes_units(size_class - 1) : units;
}

#endif
