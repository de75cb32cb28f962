/* SPDX-License-Identifier: MIT
 *
 * Common to the tests of visitors. */
#ifndef MEM_TESTS_VISITED_H
#define MEM_TESTS_VISITED_H

#include <sched.h>
#include <time.h>

#include "checked.h"

enum { VISITED_SIZE = 1 << 18, VISITED_BLOCKS = 20 };

static inline void sleep_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static inline void raise_flag(bool *flag)
{
    __atomic_store_n(flag, true, __ATOMIC_SEQ_CST);
}

static inline void lower_flag(bool *flag)
{
    __atomic_store_n(flag, false, __ATOMIC_SEQ_CST);
}

static inline bool is_raised(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static inline void wait_until(const bool *flag)
{
    while (!is_raised(flag)) {
        sched_yield();
    }
}

/* Opens a region with some blocks and gaps. */
static inline Bed visited_open(int kind)
{
    Bed bed = bed_open((Kind)kind, VISITED_SIZE);

    for (size_t i = 0; i < VISITED_BLOCKS; i++) {
        void *block = checked_alloc(&bed, 100 + 10 * i);

        if (i % 4 == 0) {
            checked_free(&bed, block);
        }
    }
    return bed;
}

#endif
