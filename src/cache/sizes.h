/* SPDX-License-Identifier: MIT
 *
 * The sizes of blocks that go through magazines. Small ones are those of each number of units. Larger ones
 * are so many in each octave, to which a request is rounded up: only where several threads share the
 * heap, and its lock would cost more than the bytes. A size has a number, which is that of its units
 * for a small one. */
#ifndef MEM_SRC_SIZES_H
#define MEM_SRC_SIZES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bits.h"
#include "base/unit.h"

/* Larger sizes end with 32 KiB. */
#define SIZES_OCTAVES (8 - HEAP_UNIT_SHIFT)

enum {
    SIZES_SMALL_SHIFT = 7,
    SIZES_SMALL = 1 << SIZES_SMALL_SHIFT, /* the number, and the units, of the largest small one */
    SIZES_STEPS_SHIFT = 4,
    SIZES_STEPS = 1 << SIZES_STEPS_SHIFT, /* in an octave: less than a 16th is wasted */
    SIZES_LARGEST = SIZES_SMALL << SIZES_OCTAVES,
    SIZES = SIZES_SMALL + SIZES_OCTAVES * SIZES_STEPS
};

/* Whether a size, by its number or its units, is a small one. */
static inline bool sizes_is_small(size_t number)
{
    return number <= SIZES_SMALL;
}

/* The number of the smallest size that suffices for so many units, 1 to SIZES_LARGEST. */
static inline size_t sizes_number(size_t units)
{
    size_t shift;

    if (sizes_is_small(units)) {
        return units;
    }
    shift = bits_highest(units - 1) - SIZES_STEPS_SHIFT;
    return SIZES_SMALL + 1 + (shift - (SIZES_SMALL_SHIFT - SIZES_STEPS_SHIFT)) * SIZES_STEPS +
           ((units - 1) >> shift) % SIZES_STEPS;
}

/* The units of a size. */
static inline size_t sizes_units(size_t number)
{
    size_t step = number - SIZES_SMALL - 1;

    return sizes_is_small(number)
               ? number
               : (SIZES_STEPS + step % SIZES_STEPS + 1)
                     << (SIZES_SMALL_SHIFT - SIZES_STEPS_SHIFT + step / SIZES_STEPS);
}

/* The units of the largest size that is no more than so many. */
static inline size_t sizes_down(size_t units)
{
    size_t number = sizes_number(units);

    return sizes_units(number) > units ? sizes_units(number - 1) : units;
}

#endif
