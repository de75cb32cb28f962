/* SPDX-License-Identifier: MIT
 *
 * A lock for a few instructions at a time. Whoever waits lets others run. */
#ifndef MEM_SRC_SPIN_H
#define MEM_SRC_SPIN_H

#include <sched.h>
#include <stdbool.h>

typedef struct Spin {
    unsigned taken; /* or not, in a word, which every processor can exchange */
} Spin;

static inline void spin_take(Spin *spin)
{
    while (__atomic_exchange_n(&spin->taken, 1, __ATOMIC_ACQUIRE)) {
        while (__atomic_load_n(&spin->taken, __ATOMIC_RELAXED)) {
            sched_yield();
        }
    }
}

static inline void spin_release(Spin *spin)
{
    __atomic_store_n(&spin->taken, 0, __ATOMIC_RELEASE);
}

#endif
