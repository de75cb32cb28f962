/* SPDX-License-Identifier: MIT
 *
 * The clock that threads take their stamps from, and time. */
#ifndef MEM_REPLAY_MERGE_CLOCK_H
#define MEM_REPLAY_MERGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct MergeClock {
    uint64_t ticks, ns; /* at the first moment that is known: of the clock, and since time 0 */
    double ns_a_tick;   /* 0: not known; then as 1 */
    bool known;         /* ticks and ns are set */
} MergeClock;

/* Enters a moment, as merge_clock() does. */
void clock_enter(MergeClock *clock, uint64_t ticks, uint64_t ns, uint64_t frequency);

/* Microseconds since time 0. */
uint64_t clock_time(const MergeClock *clock, uint64_t stamp);

/* A stamp that is so many ns later; less than UINT64_MAX. */
uint64_t clock_later(const MergeClock *clock, uint64_t stamp, uint64_t ns);

#endif
