/* SPDX-License-Identifier: MIT
 *
 * The clock of the threads' stamps, and time. */
#ifndef MEM_REPLAY_MERGE_CLOCK_H
#define MEM_REPLAY_MERGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct MergeClock {
    uint64_t ticks, ns; /* at the first moment that is known: of the clock, and since time 0 */
    double ns_a_tick;   /* 0: not known; then as 1 */
    bool known;         /* ticks and ns are set */
} MergeClock;

/* Adds a moment, as merge_clock() does. */
void clock_enter(MergeClock *clock, uint64_t ticks, uint64_t ns, uint64_t frequency);

/* Returns the time of a stamp in microseconds since time 0. */
uint64_t clock_time(const MergeClock *clock, uint64_t stamp);

/* Returns a stamp `ns` nanoseconds later; less than UINT64_MAX. */
uint64_t clock_later(const MergeClock *clock, uint64_t stamp, uint64_t ns);

#endif
