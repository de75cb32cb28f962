/* SPDX-License-Identifier: MIT
 *
 * Threads that allocate and free in simulated time: the true order of their operations, and the
 * records of a recorder. */
#ifndef MEM_TESTS_THREADS_MODEL_H
#define MEM_TESTS_THREADS_MODEL_H

#include <stdbool.h>

#include "random.h"
#include "record/trace.h"

enum {
    SIM_THREADS = 5,
    SIM_OPERATIONS = 20000,
    SIM_ADDRESSES = 40 /* few, so that each is used again soon */
};

typedef struct SimOptions {
    uint64_t seed;
    uint64_t tick;  /* of the clock: stamps are multiples of it */
    uint64_t skew;  /* by how much the threads' clocks differ, at most */
    uint64_t delay; /* between a stamp and when its record can be seen, at most */
} SimOptions;

/* The true events: the caller of each record is the number of its operation, from 1 on. */
typedef struct SimOperation {
    TraceOp op;
    uint64_t block; /* allocations are numbered in their order, from 0 on */
    uint32_t thread;
} SimOperation;

typedef struct SimThread {
    TraceRaw records[2 * SIM_OPERATIONS];
    uint64_t published[2 * SIM_OPERATIONS]; /* when each could be seen */
    size_t count;
    uint64_t busy; /* until then */
    int64_t skew;
} SimThread;

typedef struct Sim {
    SimOptions options;
    SimOperation operations[SIM_OPERATIONS];
    size_t count;
    uint64_t live; /* blocks at the end */
    uint64_t end;  /* when everything was over */
    SimThread threads[SIM_THREADS];
} Sim;

void sim_run(Sim *sim, const SimOptions *options);

#endif
