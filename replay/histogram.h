/* SPDX-License-Identifier: MIT
 *
 * Counts numbers of any size by buckets that are a 32nd of their octave wide: so what is known of each number is right
 * to 3 %. The scheme is that of HdrHistogram (Gil Tene): an octave for each power of two, divided evenly. */
#ifndef MEM_REPLAY_HISTOGRAM_H
#define MEM_REPLAY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_SHIFT = 5,
    HISTOGRAM_STEPS = 1 << HISTOGRAM_SHIFT, /* buckets of an octave */
    HISTOGRAM_BUCKETS = (65 - HISTOGRAM_SHIFT) * HISTOGRAM_STEPS
};

typedef struct Histogram {
    uint64_t counts[HISTOGRAM_BUCKETS]; /* numbers in each bucket */
    uint64_t count;                     /* the sum of these */
    uint64_t most;                      /* the largest number; 0: there is none */
} Histogram;

void histogram_add(Histogram *histogram, uint64_t number);

/* The largest number that falls into a bucket. */
uint64_t histogram_end(size_t bucket);

/* A number that so large a share of all, 0 to 1, do not exceed: 3 % too large at most. 0 if there are none. */
uint64_t histogram_at(const Histogram *histogram, double share);

#endif
