/* SPDX-License-Identifier: MIT */
#include "replay/latency.h"

#include <time.h>

#include "replay/pass.h"
#include "replay/table.h"

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* ns that two looks at the clock are apart, at least. */
static uint64_t measure_clock(void)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < 1000; i++) {
        uint64_t begin = now();
        uint64_t time = now() - begin;

        least = time < least ? time : least;
    }
    return least;
}

Histogram *latency_measure(const TrialTrace *trace, const PlayerOptions *options)
{
    size_t count = 0;
    Histogram *histogram = table_grow(NULL, &count, 0, sizeof *histogram);
    uint64_t clock = measure_clock();
    TraceError error;
    Player *player = player_create(options, &error);
    Pass pass = pass_begin(trace->trace, trace->region, "how long calls take");
    TraceEvent event;

    if (player == NULL) {
        pass_fail(&error);
    }
    while (pass_next(&pass, &event)) {
        uint64_t begin = now();
        bool done = player_play(player, &event);
        uint64_t time = now() - begin;

        if (!done) {
            break;
        }
        if (event.op <= TRACE_FREE) {
            histogram_add(histogram, time > clock ? time - clock : 0);
        }
    }
    pass_end(&pass);
    player_destroy(player);
    return histogram;
}
