/* SPDX-License-Identifier: MIT */
#include "record/stamp.h"

#include <stdbool.h>
#include <string.h>

#include "os/file.h"
#include "os/kernel.h"

enum { MEASURED_NS = 1000000 /* for so long the counter is measured */ };

TraceClock stamp_clock = TRACE_CLOCK_NS;
uint64_t stamp_frequency = UINT64_C(1000000000);

static uint64_t read_clock(long clock)
{
#if defined(SYS_clock_gettime64)
    int64_t time[2] = {0, 0};

    kernel_call(SYS_clock_gettime64, clock, (long)(uintptr_t)time, 0, 0, 0, 0);
#else
    long time[2] = {0, 0};

    kernel_call(SYS_clock_gettime, clock, (long)(uintptr_t)time, 0, 0, 0, 0);
#endif
    return (uint64_t)time[0] * UINT64_C(1000000000) + (uint64_t)time[1];
}

uint64_t stamp_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t stamp_date(void)
{
    return read_clock(CLOCK_REALTIME);
}

#if defined(__x86_64__)

/* Clocks of Linux that are the processor's counter: then the kernel has found that it runs evenly, and alike on all
 * processors. */
static bool is_counter(const char *clock)
{
    static const char *const names[] = {"tsc\n", "kvm-clock\n", "hyperv_clocksource_tsc_page\n"};
    bool is_one = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        is_one |= strcmp(clock, names[i]) == 0;
    }
    return is_one;
}

static bool is_counter_even(void)
{
    char clock[64];

    file_read("/sys/devices/system/clocksource/clocksource0/current_clocksource", clock,
              sizeof clock);
    return is_counter(clock);
}

/* Ticks in a second, to a ten thousandth or so. */
static uint64_t measure(void)
{
    uint64_t ns = stamp_ns();
    uint64_t ticks = stamp_after();
    uint64_t passed;

    do {
        passed = stamp_ns() - ns;
    } while (passed < MEASURED_NS);
    ticks = stamp_after() - ticks;
    return (uint64_t)((double)ticks * 1e9 / (double)passed);
}

void stamp_choose(void)
{
    if (is_counter_even()) {
        stamp_clock = TRACE_CLOCK_TSC;
        stamp_frequency = measure();
    }
}

#elif defined(__aarch64__)

/* The architecture promises an even counter, and tells its frequency. */
void stamp_choose(void)
{
    stamp_clock = TRACE_CLOCK_TSC;
    __asm__("mrs %0, cntfrq_el0" : "=r"(stamp_frequency));
}

#else

void stamp_choose(void)
{
    /* clock_gettime() it stays */
}

#endif
