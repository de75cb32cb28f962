/* SPDX-License-Identifier: MIT
 *
 * Random numbers, the same everywhere for the same seed: the splitmix64 generator (G. Steele, D.
 * Lea, C. Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). */
#ifndef MEM_TESTS_RANDOM_H
#define MEM_TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct Random {
    uint64_t state;
} Random;

static inline uint64_t random_next(Random *source)
{
    uint64_t word = source->state += UINT64_C(0x9e3779b97f4a7c15);

    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

/* Returns 0 to bound - 1; bound is not 0. */
static inline size_t random_below(Random *source, size_t bound)
{
    return (size_t)(random_next(source) % bound);
}

/* Returns 0 to limit, with each order of magnitude equally likely: sizes of all scales. */
static inline size_t random_scaled(Random *source, size_t limit)
{
    unsigned bits = 0;
    size_t number;

    while (bits < 8 * sizeof limit && limit >> bits != 0) {
        bits++;
    }
    bits = (unsigned)random_below(source, bits + 1);
    number = bits == 0 ? 0 : (size_t)(random_next(source) >> (64 - bits));
    return number <= limit ? number : limit;
}

#endif
