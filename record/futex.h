/* SPDX-License-Identifier: MIT
 *
 * Sleeps on words that processes share, and wakes who does. No function of the C library is called. */
#ifndef MEM_RECORD_FUTEX_H
#define MEM_RECORD_FUTEX_H

#include "os/kernel.h"

enum { FUTEX_WAIT_SHARED = 0, FUTEX_WAKE_SHARED = 1 };

/* Sleeps while a word has a value, for so many ms at most, less than a second. May end earlier. */
static inline void futex_wait(const uint32_t *word, uint32_t value, long ms)
{
    KernelWord time[2] = {0, (KernelWord)ms * 1000000};

    kernel_call(KERNEL_FUTEX, (long)(uintptr_t)word, FUTEX_WAIT_SHARED, (long)value,
                (long)(uintptr_t)time, 0, 0);
}

/* Wakes all that sleep. */
static inline void futex_wake(const uint32_t *word)
{
    kernel_call(KERNEL_FUTEX, (long)(uintptr_t)word, FUTEX_WAKE_SHARED, 0x7fffffff, 0, 0, 0);
}

#endif
