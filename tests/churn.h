/* SPDX-License-Identifier: MIT
 *
 * Random operations on a region and on its model: until full, to empty, and over again. */
#ifndef MEM_TESTS_CHURN_H
#define MEM_TESTS_CHURN_H

#include "model.h"

typedef struct Churn {
    size_t size_limit;   /* of requests */
    size_t copy_limit;   /* of blocks that are cleared or moved: more would take its time */
    size_t blocks_limit; /* in use at a time */
    size_t phase_length; /* operations until it fills, churns or drains instead */
} Churn;

/* Does so many operations on a fresh region, and leaves it as it is then. */
void churn_bed(const Bed *bed, const Churn *run, Random *source, size_t operations);

#endif
