/* SPDX-License-Identifier: MIT
 *
 * A lock held for a few instructions. A thread that waits longer sleeps in the kernel: the holder
 * may have been preempted by the very thread that waits. After: U. Drepper, "Futexes Are Tricky",
 * 2011. */
#ifndef MEM_SRC_SPIN_H
#define MEM_SRC_SPIN_H

#include <stdbool.h>

#include "base/bits.h"

typedef struct Spin {
    unsigned state; /* a constant below; a whole word, which every processor can exchange */
} Spin;

enum {
    SPIN_FREE,
    SPIN_TAKEN,
    SPIN_AWAITED /* taken, and a thread may be asleep until it is released */
};

/* Takes a lock after spin_try has failed: spins, then sleeps. */
void spin_wait(Spin *spin);

/* Wakes one thread that sleeps for the lock. */
void spin_wake(const Spin *spin);

/* Tells the processor that this is a busy wait. */
static ALWAYS_INLINE void spin_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Takes the lock if it is free. Returns whether it did. */
static inline bool spin_try(Spin *spin)
{
    unsigned state = SPIN_FREE;

    return __atomic_compare_exchange_n(&spin->state, &state, SPIN_TAKEN, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline void spin_take(Spin *spin)
{
    if (UNLIKELY(!spin_try(spin))) { /* GCOVR_EXCL_BR_LINE: that depends on the moment */
        spin_wait(spin);
    }
}

static inline void spin_release(Spin *spin)
{
    /* Depends on timing, too. */
    if (UNLIKELY(__atomic_exchange_n(&spin->state, SPIN_FREE,
                                     __ATOMIC_RELEASE) == /* GCOVR_EXCL_BR_LINE */
                 SPIN_AWAITED)) {
        spin_wake(spin);
    }
}

#endif
