/* SPDX-License-Identifier: MIT
 *
 * The clock of the recorder: a stamp for each event, such that stamps of different threads tell what came first. */
#ifndef MEM_RECORD_STAMP_H
#define MEM_RECORD_STAMP_H

#include <stdint.h>
#include <time.h>

#include "base/bits.h"
#include "record/trace.h"

/* The clock that stamps are of, chosen once. */
extern HIDDEN TraceClock stamp_clock;

/* Ticks of it in a second. */
extern HIDDEN uint64_t stamp_frequency;

/* Chooses the clock: the processor's counter if the kernel itself relies on it, else clock_gettime(). Takes a
 * millisecond to measure the counter. */
void stamp_choose(void);

/* Nanoseconds of CLOCK_MONOTONIC, and of CLOCK_REALTIME. Asked of the kernel: programs replace the C library's. */
uint64_t stamp_ns(void);
uint64_t stamp_date(void);

static inline uint64_t stamp_by_library(void)
{
    struct timespec time = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

/* The counter, read before anything that follows is seen by other threads. x86 makes stores visible in order, and none
 * before the instructions that precede it are done. */
static inline uint64_t stamp_before(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return LIKELY(stamp_clock == TRACE_CLOCK_TSC) ? __builtin_ia32_rdtsc() : stamp_by_library();
#elif defined(__aarch64__)
    uint64_t ticks;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks) : : "memory");
    return ticks;
#else
    return stamp_by_library();
#endif
}

/* The counter, read after all that precedes was loaded. */
static inline uint64_t stamp_after(void)
{
#if defined(__x86_64__)
    if (LIKELY(stamp_clock == TRACE_CLOCK_TSC)) {
        __asm__ volatile("lfence" : : : "memory");
    }
    return stamp_before();
#elif defined(__aarch64__)
    __asm__ volatile("dsb ishld" : : : "memory");
    return stamp_before();
#else
    return stamp_before();
#endif
}

#endif
