/* SPDX-License-Identifier: MIT */
#include "replay/merge-clock.h"

static const double TIME_MAX_NS = 1e18; /* thirty years: stamps beyond are damaged */

static double rate(const MergeClock *clock)
{
    return clock->ns_a_tick == 0 ? 1 : clock->ns_a_tick;
}

void clock_enter(MergeClock *clock, uint64_t ticks, uint64_t ns, uint64_t frequency)
{
    if (!clock->known) {
        clock->known = true;
        clock->ticks = ticks;
        clock->ns = ns;
    } else if (frequency == 0 && ticks > clock->ticks && ns > clock->ns) {
        clock->ns_a_tick = (double)(ns - clock->ns) / (double)(ticks - clock->ticks);
    }
    if (frequency != 0) {
        clock->ns_a_tick = 1e9 / (double)frequency;
    }
}

uint64_t clock_time(const MergeClock *clock, uint64_t stamp)
{
    double ns = (double)clock->ns;

    if (stamp >= clock->ticks) {
        ns += (double)(stamp - clock->ticks) * rate(clock);
    } else {
        ns -= (double)(clock->ticks - stamp) * rate(clock);
    }
    return ns <= 0 || ns > TIME_MAX_NS ? 0 : (uint64_t)ns / 1000;
}

uint64_t clock_later(const MergeClock *clock, uint64_t stamp, uint64_t ns)
{
    double ticks = (double)ns / rate(clock);
    uint64_t most = UINT64_MAX - 1 - stamp;

    if (stamp == UINT64_MAX) {
        return UINT64_MAX - 1;
    }
    return ticks >= (double)most ? UINT64_MAX - 1 : stamp + (uint64_t)ticks;
}
