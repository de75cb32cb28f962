/* SPDX-License-Identifier: MIT */
#include "replay/summary.h"

#include <stdlib.h>

#include "cache/sizes.h"
#include "replay/pass.h"
#include "replay/table.h"

/* What is known while the trace is read. */
typedef struct Reader {
    Summary summary;
    uint64_t live[SUMMARY_ALIGNMENTS]; /* as Summary.bounds: now */
    uint64_t events[SUMMARY_REGIONS];  /* by region; those beyond are in the last one */
    bool *threads;                     /* which have called */
    size_t thread_room;                /* threads that there is room for */
} Reader;

uint64_t summary_round(uint64_t size, uint64_t alignment)
{
    return size == 0 ? alignment : (size + alignment - 1) & ~(alignment - 1);
}

static uint64_t round_cached(uint64_t size)
{
    uint64_t units = summary_round(size, UNIT_BYTES) / UNIT_BYTES;

    return UNIT_BYTES * (units <= SIZES_LARGEST ? sizes_units(sizes_class((size_t)units)) : units);
}

/* ------------------------------------------------------------------------------------------------
 * What is live
 * --------------------------------------------------------------------------------------------- */

/* Adds a block to what is live, or takes it away. */
static void count_block(Reader *reader, uint64_t size, bool add)
{
    SummaryMoment *end = &reader->summary.end;
    uint64_t sign = add ? 1 : UINT64_MAX;

    end->bytes += sign * size;
    end->rounded += sign * summary_round(size, UNIT_BYTES);
    end->cached += sign * round_cached(size);
    end->blocks += sign;
    for (unsigned i = UNIT_SHIFT; i < SUMMARY_ALIGNMENTS; i++) {
        uint64_t *live = &reader->live[i];

        *live += sign * summary_round(size, UINT64_C(1) << i);
        if (*live > reader->summary.bounds[i]) {
            reader->summary.bounds[i] = *live;
        }
    }
}

static void count_lifetime(Lifetimes *lifetimes, uint64_t length, uint64_t bytes)
{
    size_t decade = 0;

    while (length != 0 && decade < SUMMARY_DECADES - 1) {
        length /= 10;
        decade++;
    }
    lifetimes->blocks[decade]++;
    lifetimes->bytes[decade] += bytes;
}

static void end_block(Reader *reader, const TraceEvent *event, const TraceBlock *block)
{
    count_block(reader, block->size, false);
    count_lifetime(&reader->summary.calls, event->number - block->born, block->size);
    count_lifetime(&reader->summary.times, event->time - block->born_time, block->size);
}

static void end_all(Reader *reader, const TraceEvent *event, const Trace *trace)
{
    for (uint32_t slot = 0; slot < trace_slots(trace); slot++) {
        const TraceBlock *block = trace_live(trace, slot);

        if (block != NULL && block->region == event->region) {
            end_block(reader, event, block);
        }
    }
}

/* ------------------------------------------------------------------------------------------------
 * Events
 * --------------------------------------------------------------------------------------------- */

static void count_request(Reader *reader, const TraceEvent *event)
{
    Summary *summary = &reader->summary;

    ranking_add(&summary->sizes, event->size, event->size);
    ranking_add(&summary->callers, event->caller, event->size);
    if (event->size > summary->largest) {
        summary->largest = event->size;
    }
    count_block(reader, event->size, true);
}

static void count_rare(Reader *reader, const TraceEvent *event, const Trace *trace)
{
    if (event->rare == TRACE_LOST) {
        reader->summary.lost += event->a;
    } else if (event->rare == TRACE_REGION_ENDS || event->rare == TRACE_REGION_RESET) {
        end_all(reader, event, trace);
    }
}

static void count_thread(Reader *reader, const TraceEvent *event)
{
    if (event->thread >= reader->thread_room) {
        reader->threads = table_grow(reader->threads, &reader->thread_room, event->thread,
                                     sizeof *reader->threads);
    }
    reader->summary.threads += !reader->threads[event->thread];
    reader->threads[event->thread] = true;
}

static void count_event(Reader *reader, const TraceEvent *event, const Trace *trace)
{
    Summary *summary = &reader->summary;

    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
        summary->allocs++;
        count_request(reader, event);
        break;
    case TRACE_RESIZE:
        summary->resizes++;
        count_block(reader, event->block.size, false);
        count_request(reader, event);
        break;
    case TRACE_FREE:
        summary->frees++;
        end_block(reader, event, &event->block);
        break;
    case TRACE_RARE:
        count_rare(reader, event, trace);
        return;
    default:
        summary->failed++;
        break;
    }
    count_thread(reader, event);
    if (summary->end.bytes > summary->peak.bytes) {
        summary->peak = summary->end;
        summary->peak.event = event->number;
        summary->peak.time = event->time;
    }
}

/* ------------------------------------------------------------------------------------------------
 * Passes
 * --------------------------------------------------------------------------------------------- */

/* The region with most events. */
static uint32_t busiest(const Reader *reader)
{
    uint32_t most = 0;

    for (uint32_t i = 1; i < SUMMARY_REGIONS; i++) {
        most = reader->events[i] > reader->events[most] ? i : most;
    }
    return most;
}

static Reader read_all(Trace *trace, uint32_t region)
{
    Pass pass = pass_begin(trace, region, "what the trace has");
    Reader reader = {.summary = {.region = region}};
    Summary *summary = &reader.summary;
    TraceEvent event;

    pass.all = true;
    while (pass_next(&pass, &event)) {
        uint32_t own = event.region < SUMMARY_REGIONS ? event.region : SUMMARY_REGIONS - 1;

        reader.events[own] += event.op != TRACE_RARE;
        if (event.region == region) {
            summary->events++;
            count_event(&reader, &event, trace);
            summary->end.event = event.number;
            summary->time = summary->end.time = event.time;
        }
    }
    pass_end(&pass);
    for (size_t i = 0; i < SUMMARY_REGIONS; i++) {
        summary->regions += reader.events[i] != 0;
    }
    free(reader.threads);
    reader.threads = NULL;
    return reader;
}

/* Adds up what is live now. */
static void count_live(const Trace *trace, uint32_t region, Ranking *callers, Ranking *sizes)
{
    for (uint32_t slot = 0; slot < trace_slots(trace); slot++) {
        const TraceBlock *block = trace_live(trace, slot);

        if (block != NULL && block->region == region) {
            ranking_add(callers, block->caller, block->size);
            if (sizes != NULL) {
                ranking_add(sizes, block->size, block->size);
            }
        }
    }
}

static void read_peak(Trace *trace, Summary *summary)
{
    Pass pass = pass_begin(trace, summary->region, "the moment of the peak");
    TraceEvent event;

    while (pass_next(&pass, &event) && event.number < summary->peak.event) {
    }
    count_live(trace, summary->region, &summary->peak_callers, &summary->peak_sizes);
    pass_end(&pass);
}

Summary summary_read(Trace *trace, uint32_t region, bool full)
{
    Reader reader = read_all(trace, region == SUMMARY_ANY ? 0 : region);
    Summary *summary = &reader.summary;

    if (region == SUMMARY_ANY && busiest(&reader) != 0) {
        uint32_t most = busiest(&reader);

        summary_free(summary);
        reader = read_all(trace, most);
    }
    count_live(trace, summary->region, &summary->end_callers, NULL);
    if (full) {
        read_peak(trace, summary);
    }
    ranking_sort_by_calls(&summary->sizes);
    ranking_sort_by_bytes(&summary->callers);
    ranking_sort_by_bytes(&summary->peak_callers);
    ranking_sort_by_bytes(&summary->peak_sizes);
    ranking_sort_by_bytes(&summary->end_callers);
    return *summary;
}

void summary_free(Summary *summary)
{
    ranking_free(&summary->sizes);
    ranking_free(&summary->callers);
    ranking_free(&summary->peak_callers);
    ranking_free(&summary->peak_sizes);
    ranking_free(&summary->end_callers);
}
