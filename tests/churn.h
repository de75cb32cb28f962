/* SPDX-License-Identifier: MIT
 *
 * Random operations on a region and on its model: until full, until empty, and again. */
#ifndef MEM_TESTS_CHURN_H
#define MEM_TESTS_CHURN_H

#include "model.h"

typedef struct Churn {
    size_t size_limit;   /* bytes of a request, at most */
    size_t copy_limit;   /* bytes of a block that is cleared or moved, at most: it takes time */
    size_t blocks_limit; /* blocks in use at a time */
    size_t phase_length; /* operations of a phase: filling, churning or draining */
} Churn;

/* Does `operations` operations on a fresh region, and leaves it in its last state. */
void churn_bed(const Bed *bed, const Churn *run, Random *source, size_t operations);

#endif
