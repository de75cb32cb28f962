/* SPDX-License-Identifier: MIT
 *
 * Size classes: the sizes of blocks in spans. Each small number of units is a class of its own. From there on there are
 * so many classes in each octave, and a request is rounded up to the next one. A class has a number: that of its
 * units if it is a small one. */
#ifndef MEM_SRC_SIZES_H
#define MEM_SRC_SIZES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bits.h"
#include "base/unit.h"

/* Octaves beyond the small classes: the largest class has 32 KiB. */
#define SIZES_OCTAVES (8 - HEAP_UNIT_SHIFT)

enum {
    SIZES_SMALL_SHIFT = 7,
    SIZES_SMALL = 1 << SIZES_SMALL_SHIFT, /* the largest small class, and its units */
    SIZES_STEPS_SHIFT = 4,
    SIZES_STEPS = 1 << SIZES_STEPS_SHIFT, /* classes in an octave: less than a 16th is wasted */
    SIZES_LARGEST = SIZES_SMALL << SIZES_OCTAVES,     /* units of the largest class */
    SIZES = SIZES_SMALL + SIZES_OCTAVES * SIZES_STEPS /* the largest class; the first one is 1 */
};

/* Whether a class, or a number of units, is a small one. */
static inline bool sizes_is_small(size_t size_class)
{
    return size_class <= SIZES_SMALL;
}

/* The smallest class that suffices for so many units, 1 to SIZES_LARGEST. */
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

/* The units of a class. */
static inline size_t sizes_units(size_t size_class)
{
    size_t step = size_class - SIZES_SMALL - 1;

    return sizes_is_small(size_class)
               ? size_class
               : (SIZES_STEPS + step % SIZES_STEPS + 1)
                     << (SIZES_SMALL_SHIFT - SIZES_STEPS_SHIFT + step / SIZES_STEPS);
}

/* The units of the largest class that has no more than so many. */
static inline size_t sizes_down(size_t units)
{
    size_t size_class = sizes_class(units);

    return sizes_units(size_class) > units ? sizes_units(size_class - 1) : units;
}

#endif
