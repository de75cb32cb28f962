/* SPDX-License-Identifier: MIT */
#include "os/spin.h"

#include "os/kernel.h"

enum { SPINS = 100 /* tries before a thread sleeps: longer than any use of such a lock */ };

void spin_wait(Spin *spin)
{
    for (int i = 0; i < SPINS; i++) {
        /* Which branch is taken depends on timing. */
        if (__atomic_load_n(&spin->state, __ATOMIC_RELAXED) == SPIN_FREE && /* GCOVR_EXCL_BR_LINE */
            spin_try(spin)) {                                               /* GCOVR_EXCL_BR_LINE */
            return;
        }
        spin_relax();
    }
    while (__atomic_exchange_n(&spin->state, SPIN_AWAITED, __ATOMIC_ACQUIRE) != SPIN_FREE) {
        kernel_wait(&spin->state, SPIN_AWAITED, 0);
    }
}

void spin_wake(const Spin *spin)
{
    kernel_wake(&spin->state);
}
