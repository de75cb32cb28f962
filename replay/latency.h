/* SPDX-License-Identifier: MIT
 *
 * How long calls take when a trace is played. */
#ifndef MEM_REPLAY_LATENCY_H
#define MEM_REPLAY_LATENCY_H

#include "replay/histogram.h"
#include "replay/trial.h"

/* Plays the trace in a region, and counts how many ns each call takes, without what it takes to look at the clock. */
Histogram *latency_measure(const TrialTrace *trace, const PlayerOptions *options);

#endif
