/* SPDX-License-Identifier: MIT
 *
 * A lock for a few instructions at a time. A thread that waits for longer than these take sleeps in the kernel: the
 * thread that has the lock may have been interrupted, and run only when the one that waits does not. After: U. Drepper,
 * "Futexes Are Tricky", 2011. */
#ifndef MEM_SRC_SPIN_H
#define MEM_SRC_SPIN_H

#include <stdbool.h>

#include "base/bits.h"

typedef struct Spin {
    unsigned state; /* SPIN_FREE and so on, in a word, which every processor can exchange */
} Spin;

enum {
    SPIN_FREE,
    SPIN_TAKEN,
    SPIN_AWAITED /* taken, and somebody may sleep until it is not */
};

/* Takes a lock that was not free. */
void spin_wait(Spin *spin);

/* Wakes a thread that sleeps until a lock is free. */
void spin_wake(const Spin *spin);

/* Tells the processor that this thread waits. */
static ALWAYS_INLINE void spin_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Takes a lock if it is free. */
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
    /* Likewise. */
    if (UNLIKELY(__atomic_exchange_n(&spin->state, SPIN_FREE,
                                     __ATOMIC_RELEASE) == /* GCOVR_EXCL_BR_LINE */
                 SPIN_AWAITED)) {
        spin_wake(spin);
    }
}

#endif
