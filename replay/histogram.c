/* SPDX-License-Identifier: MIT */
#include "replay/histogram.h"

/* Numbers below HISTOGRAM_STEPS have a bucket each. Of others the first bits, 1 + HISTOGRAM_SHIFT, make the bucket. */
static size_t bucket_of(uint64_t number)
{
    unsigned shift;

    if (number < HISTOGRAM_STEPS) {
        return (size_t)number;
    }
    shift = 63 - HISTOGRAM_SHIFT - (unsigned)__builtin_clzll(number);
    return shift * HISTOGRAM_STEPS + (size_t)(number >> shift);
}

void histogram_add(Histogram *histogram, uint64_t number)
{
    histogram->counts[bucket_of(number)]++;
    histogram->count++;
    if (number > histogram->most) {
        histogram->most = number;
    }
}

uint64_t histogram_end(size_t bucket)
{
    size_t shift = bucket < HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;

    return ((uint64_t)(bucket - shift * HISTOGRAM_STEPS + 1) << shift) - 1;
}

uint64_t histogram_at(const Histogram *histogram, double share)
{
    double wanted = share * (double)histogram->count;
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen != 0 && (double)seen >= wanted) {
            return histogram_end(i) < histogram->most ? histogram_end(i) : histogram->most;
        }
    }
    return histogram->most;
}
