/* SPDX-License-Identifier: MIT
 *
 * A lock for a few instructions at a time. Whoever waits lets others run. */
#ifndef MEM_SRC_SPIN_H
#define MEM_SRC_SPIN_H

#include <sched.h>
#include <stdbool.h>

typedef struct Spin {
    bool taken;
} Spin;

static inline void spin_take(Spin *spin)
{
    while (__atomic_exchange_n(&spin->taken, true, __ATOMIC_ACQUIRE)) {
        while (__atomic_load_n(&spin->taken, __ATOMIC_RELAXED)) {
            sched_yield();
        }
    }
}

static inline void spin_release(Spin *spin)
{
    __atomic_store_n(&spin->taken, false, __ATOMIC_RELEASE);
}

#endif
