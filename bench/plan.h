/* SPDX-License-Identifier: MIT
 *
 * The plan of one run of the benchmark. */
#ifndef PLAN_H
#define PLAN_H

#include "bench.h"

enum {
    MOST_SIZES = 4,
    MOST_EXTRA = 8,
    MOST_LIVES = 8,
    MOST_THREADS = 8,
    MOST_THREAD_NUMBER = 1024
};

typedef struct Options {
    uint64_t lives[MOST_LIVES]; /* live blocks, for ns */
    size_t live_count;
    uint64_t step_live; /* live blocks, for instr */
    uint64_t threads[MOST_THREADS];
    size_t thread_count; /* numbers of threads, for measures of threads */
    const char *sizes[MOST_SIZES];
    size_t sizes_count;
    int sizes_given; /* ns, fill, apart and calloc use them, too */
    uint64_t region;
    uint64_t pairs;
    uint64_t calls; /* single-stepped pairs */
    uint64_t rounds;
    uint64_t seed;
    int quick;
    char *extra[MOST_EXTRA]; /* additional contenders */
    size_t extra_count;
    const char *only;
    const char *tsv;
} Options;

typedef struct Run {
    Options options;
    Contender contenders[MOST_CONTENDERS];
    size_t count;
    int skipped; /* a round could not run here */
    int failed;
} Run;

/* Returns the names of measures; NULL past the last. */
const char *plan_name(size_t index);

/* Runs a measure and prints its tables. */
void plan_run(Run *run, size_t index);

#endif
