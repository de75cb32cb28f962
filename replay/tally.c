/* SPDX-License-Identifier: MIT */
#include "replay/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned tally_octave(uint64_t value)
{
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

void tally_free(Tally *tally)
{
    free(tally->callers);
    free(tally->threads);
    *tally = (Tally){0};
}

/* Makes an array so long that there is a place for an index; what is new is 0. */
static bool reach(void *array, uint32_t *count, uint32_t index, size_t bytes)
{
    void **place = array;
    if (index < *count)
        return true;

    size_t room = (size_t)index + index / 2 + 16;
    unsigned char *longer = realloc(*place, room * bytes);
    if (longer == NULL)
        return false;
    memset(longer + *count * bytes, 0, (room - *count) * bytes);
    *place = longer;
    *count = (uint32_t)room;
    return true;
}

static bool tally_reach(Tally *tally, uint32_t caller, uint32_t thread)
{
    return reach(&tally->callers, &tally->caller_count, caller, sizeof *tally->callers) &&
           reach(&tally->threads, &tally->thread_count, thread, sizeof *tally->threads);
}

/* Adds up the area of a caller and a thread, as far as this call. */
static void tally_advance(Tally *tally, uint32_t caller, uint32_t thread, uint64_t now)
{
    TallyCaller *by = &tally->callers[caller];
    TallyThread *in = &tally->threads[thread];

    by->area += (double)by->live * (double)(now - by->since);
    by->since = now;
    in->area += (double)in->live * (double)(now - in->since);
    in->since = now;
}

static void tally_add(Tally *tally, uint64_t size, uint32_t caller, const TraceEvent *event)
{
    TallyCaller *by = &tally->callers[caller];
    TallyThread *in = &tally->threads[event->thread];
    unsigned octave = tally_octave(size);

    tally_advance(tally, caller, event->thread, event->number);
    if (by->allocs++ == 0)
        by->event = event->number;
    by->bytes += size;
    by->live += size;
    by->blocks++;
    if (by->live > by->most)
        by->most = by->live;
    in->live += size;
    in->allocs++;
    tally->sizes.counts[octave]++;
    tally->size_bytes.counts[octave] += size;
    tally->live += size;
    tally->blocks++;
    if (tally->live > tally->peak_live) {
        tally->peak_live = tally->live;
        tally->peak_blocks = tally->blocks;
        tally->peak_event = event->number;
        tally->peak_time = event->time;
    }
}

static void tally_remove(Tally *tally, const TraceBlock *block, uint64_t now)
{
    TallyCaller *by = &tally->callers[block->caller];

    tally_advance(tally, block->caller, block->thread, now);
    by->live -= block->size;
    by->blocks--;
    tally->threads[block->thread].live -= block->size;
    tally->live -= block->size;
    tally->blocks--;
}

static void tally_lifetime(Tally *tally, const TraceEvent *event)
{
    TallyCaller *by = &tally->callers[event->block.caller];
    uint64_t calls = event->number - event->block.born;

    by->lifetime += calls;
    by->freed++;
    tally->lifetimes.counts[tally_octave(calls)]++;
    tally->times.counts[tally_octave(event->time - event->block.born_time)]++;
}

/* All of the region's blocks are gone. */
static void tally_clear(Tally *tally, uint64_t now)
{
    for (uint32_t i = 0; i < tally->caller_count; i++) {
        TallyCaller *by = &tally->callers[i];
        by->area += (double)by->live * (double)(now - by->since);
        by->since = now;
        by->live = by->blocks = 0;
    }
    for (uint32_t i = 0; i < tally->thread_count; i++) {
        TallyThread *in = &tally->threads[i];
        in->area += (double)in->live * (double)(now - in->since);
        in->since = now;
        in->live = 0;
    }
    tally->live = tally->blocks = 0;
}

static void tally_event(Tally *tally, const TraceEvent *event)
{
    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
        tally->allocs++;
        tally_add(tally, event->size, event->caller, event);
        break;
    case TRACE_RESIZE:
        tally->resizes++;
        tally_remove(tally, &event->block, event->number);
        tally_add(tally, event->size, event->caller, event);
        break;
    case TRACE_FREE:
        tally->frees++;
        tally_lifetime(tally, event);
        tally_remove(tally, &event->block, event->number);
        break;
    case TRACE_FAILED:
    case TRACE_NOT_RESIZED:
        tally->failed++;
        break;
    default:
        if (event->rare == TRACE_REGION_ENDS || event->rare == TRACE_REGION_RESET)
            tally_clear(tally, event->number);
    }
}

bool tally_run(Tally *tally, Trace *trace, uint32_t region, uint64_t until, TraceError *error)
{
    TraceEvent event;
    int more;

    *tally = (Tally){0};
    trace_rewind(trace);
    while ((more = trace_next(trace, &event, error)) > 0 && event.number < until) {
        tally->events = event.number + 1;
        tally->time = event.time;
        if (event.region != region)
            continue;
        if (!tally_reach(tally, event.caller, event.thread) ||
            !tally_reach(tally, event.block.caller, event.block.thread)) {
            snprintf(error->text, sizeof error->text, "not enough memory for a report");
            return false;
        }
        tally_event(tally, &event);
    }
    if (more < 0)
        return false;

    for (uint32_t i = 0; i < tally->caller_count; i++) {
        TallyCaller *by = &tally->callers[i];
        by->area += (double)by->live * (double)(tally->events - by->since);
    }
    for (uint32_t i = 0; i < tally->thread_count; i++) {
        TallyThread *in = &tally->threads[i];
        in->area += (double)in->live * (double)(tally->events - in->since);
    }
    return true;
}
