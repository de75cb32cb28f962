/* SPDX-License-Identifier: MIT */
#include "replay/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/progress.h"

/* How fine a report is, and how much it knows exactly. */
enum {
    COLUMNS = 4096,
    ROWS = 2048,
    LARGEST_BLOCKS = 8000,
    BLOCKS_OF_MOMENT = 6000,
    REGULAR_MOMENTS = 7,
    BLOCKS_A_LOOK =
        20000 /* with so many more, the largest free block is looked at a column later */
};

/* One run through the trace. */
typedef struct Run {
    Collection *to;
    Player *player;
    uint32_t region;
    uint64_t live, blocks, used; /* bytes as asked for, blocks, and bytes that they take */
    uint64_t live_most;          /* in the current column */
    uint64_t time;               /* microseconds, of the last event */
    uint32_t column;
    uint64_t largest;   /* bytes of the largest free block, when it was last looked at */
    uint32_t look_next; /* the column when that is due again */
    unsigned moments;   /* regular ones so far */
} Run;

static bool no_memory(TraceError *error)
{
    snprintf(error->text, sizeof error->text, "not enough memory for a report");
    return false;
}

static void collect_clear(Collection *collection)
{
    map_free(collection->map);
    records_free(collection->records);
    free(collection->columns);
    free(collection->peak.bytes);
    free(collection->peak.blocks);
    free(collection->callers);
    free(collection->threads);
    free(collection->caller_ranks);
    free(collection->thread_ranks);
    tally_free(&collection->tally);
}

void collect_free(Collection *collection)
{
    collect_clear(collection);
    *collection = (Collection){0};
}

/* ------------------------------------------------------------------------------------------------
 * Ranks
 * --------------------------------------------------------------------------------------------- */

typedef struct Ranked {
    double area; /* bytes times calls */
    uint32_t number;
} Ranked;

static int by_area(const void *a, const void *b)
{
    const Ranked *one = a, *other = b;

    if (one->area != other->area)
        return one->area < other->area ? 1 : -1;
    return (one->number > other->number) - (one->number < other->number);
}

/* Sorts, and gives each number a rank: the last rank is for all that come later. */
static uint32_t *rank(Ranked *ranked, uint32_t count, uint8_t *ranks, uint32_t most)
{
    uint32_t *numbers = calloc(count + 1, sizeof *numbers);

    if (numbers == NULL)
        return NULL;
    qsort(ranked, count, sizeof *ranked, by_area);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = ranked[i].number;
        ranks[numbers[i]] = (uint8_t)(i < most ? i : most - 1);
    }
    return numbers;
}

static bool rank_callers(Collection *to)
{
    const Tally *tally = &to->tally;
    Ranked *ranked = malloc((tally->caller_count + 1) * sizeof *ranked);

    to->caller_ranks = calloc(tally->caller_count + 1, 1);
    if (ranked != NULL && to->caller_ranks != NULL) {
        for (uint32_t i = 0; i < tally->caller_count; i++)
            if (tally->callers[i].allocs != 0)
                ranked[to->caller_count++] = (Ranked){tally->callers[i].area, i};
        to->callers = rank(ranked, to->caller_count, to->caller_ranks, MAP_CALLERS);
    }
    free(ranked);
    return to->callers != NULL;
}

static bool rank_threads(Collection *to)
{
    const Tally *tally = &to->tally;
    Ranked *ranked = malloc((tally->thread_count + 1) * sizeof *ranked);

    to->thread_ranks = calloc(tally->thread_count + 1, 1);
    if (ranked != NULL && to->thread_ranks != NULL) {
        for (uint32_t i = 0; i < tally->thread_count; i++)
            if (tally->threads[i].allocs != 0)
                ranked[to->thread_count++] = (Ranked){tally->threads[i].area, i};
        to->threads = rank(ranked, to->thread_count, to->thread_ranks, MAP_THREADS);
    }
    free(ranked);
    return to->threads != NULL;
}

/* ------------------------------------------------------------------------------------------------
 * Events
 * --------------------------------------------------------------------------------------------- */

static MapBlock map_block(const Collection *to, const Record *record)
{
    unsigned octave = tally_octave(record->size);

    return (MapBlock){
        .offset = record->offset,
        .bytes = record->bytes,
        .born = record->from,
        .size = (uint8_t)(octave < MAP_SIZES ? octave : MAP_SIZES - 1),
        .thread = to->thread_ranks[record->thread],
        .caller = to->caller_ranks[record->caller],
    };
}

static bool run_begin(Run *run, const TraceEvent *event)
{
    PlayerPlace place = player_place(run->player, event->slot);
    Record record = {
        .offset = place.offset,
        .bytes = place.bytes,
        .size = event->size,
        .from = event->number,
        .from_time = event->time,
        .until = RECORD_NEVER,
        .until_time = RECORD_NEVER,
        .caller = event->caller,
        .thread = event->thread,
    };
    MapBlock block = map_block(run->to, &record);

    run->live += record.size;
    run->used += record.bytes;
    run->blocks++;
    if (run->live > run->live_most)
        run->live_most = run->live;
    map_put(run->to->map, &block, event->number);
    return records_begin(run->to->records, event->slot, &record);
}

static void run_end(Run *run, uint32_t slot, const TraceEvent *event)
{
    const Record *record = records_live(run->to->records, slot);

    if (record == NULL)
        return;
    MapBlock block = map_block(run->to, record);
    run->live -= record->size;
    run->used -= record->bytes;
    run->blocks--;
    map_take(run->to->map, &block, event->number);
    records_end(run->to->records, slot, event->number, event->time);
}

/* Notes an event that the player has played. */
static bool run_note(Run *run, const TraceEvent *event)
{
    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
        return run_begin(run, event);
    case TRACE_RESIZE:
        run_end(run, event->slot, event);
        return run_begin(run, event);
    case TRACE_FREE:
        run_end(run, event->slot, event);
        return true;
    case TRACE_RARE:
        if (event->rare == TRACE_REGION_ENDS || event->rare == TRACE_REGION_RESET)
            for (uint32_t slot = 0; slot < records_slots(run->to->records); slot++)
                run_end(run, slot, event);
        return true;
    default:
        return true;
    }
}

/* ------------------------------------------------------------------------------------------------
 * Moments and columns
 * --------------------------------------------------------------------------------------------- */

static bool run_moment(Run *run, RecordsReason reason, uint64_t event, uint64_t time)
{
    return records_moment(run->to->records, reason, event, time, run->to->capacity);
}

/* Notes who has what at the peak. */
static void run_peak(Run *run)
{
    CollectPeak *peak = &run->to->peak;

    for (uint32_t slot = 0; slot < records_slots(run->to->records); slot++) {
        const Record *record = records_live(run->to->records, slot);
        if (record == NULL)
            continue;
        peak->bytes[record->caller] += record->size;
        peak->blocks[record->caller]++;
        peak->sizes.counts[tally_octave(record->size)] += record->size;
    }
}

/* Ends all columns before an event. */
static void run_columns(Run *run, uint64_t event, uint64_t time)
{
    Collection *to = run->to;

    while (run->column < to->shape.columns && event >= map_column_end(to->map)) {
        CollectColumn *column = &to->columns[run->column];
        column->live = run->live_most;
        column->used = run->used;
        if (run->column >= run->look_next) {
            run->largest = player_largest_free(run->player);
            run->look_next = run->column + 1 + (uint32_t)(run->blocks / BLOCKS_A_LOOK);
        }
        column->largest = run->largest;
        column->blocks = run->blocks;
        run->live_most = run->live;
        map_next_column(to->map);
        run->column++;
        if (run->column < to->shape.columns)
            to->columns[run->column].time = time;
    }
}

static bool run_moments(Run *run, const TraceEvent *event)
{
    const Tally *tally = &run->to->tally;

    if (event->number == tally->peak_event) {
        run_peak(run);
        if (!run_moment(run, MOMENT_PEAK, event->number, event->time))
            return false;
    }
    uint64_t next = (run->moments + 1) * tally->events / (REGULAR_MOMENTS + 1);
    if (run->moments < REGULAR_MOMENTS && event->number >= next) {
        run->moments++;
        if (event->number != tally->peak_event)
            return run_moment(run, MOMENT_REGULAR, event->number, event->time);
    }
    return true;
}

/* Plays an event. False with an error: something is wrong; without one: the region is too small. */
static bool run_event(Run *run, const TraceEvent *event, TraceError *error)
{
    run_columns(run, event->number, event->time);
    run->time = event->time;
    if (event->region != run->region)
        return true;
    if (!player_play(run->player, event) && event->op < TRACE_FREE) {
        CollectFailure *failure = &run->to->failure;
        failure->failed = true;
        failure->event = *event;
        failure->event.text = NULL;
        failure->largest = player_largest_free(run->player);
        return false;
    }
    return (run_note(run, event) && run_moments(run, event)) || no_memory(error);
}

static bool run_all(Run *run, Trace *trace, uint64_t until, TraceError *error)
{
    Progress progress;
    TraceEvent event;
    bool going = true;
    int more = 0;

    trace_rewind(trace);
    progress_begin(&progress, "playing for the report");
    while (going && (more = trace_next(trace, &event, error)) > 0 && event.number < until) {
        going = run_event(run, &event, error);
        progress_tell(&progress, trace_progress(trace));
    }
    progress_end(&progress);
    if (!going || more < 0)
        return false;

    Collection *to = run->to;
    uint64_t events = to->shape.events;
    run_columns(run, events, run->time);
    RecordsReason reason = to->failure.failed ? MOMENT_FAILURE : MOMENT_END;
    return (run_moment(run, reason, events, run->time) && records_finish(to->records, events)) ||
           no_memory(error);
}

/* ------------------------------------------------------------------------------------------------
 * Both passes
 * --------------------------------------------------------------------------------------------- */

static bool collect_prepare(Collection *to)
{
    to->shape = map_shape(to->tally.events, to->capacity, COLUMNS, ROWS);
    to->map = map_create(&to->shape);
    to->records = records_create(LARGEST_BLOCKS, BLOCKS_OF_MOMENT);
    to->columns = calloc(to->shape.columns, sizeof *to->columns);
    to->peak.bytes = calloc(to->tally.caller_count + 1, sizeof *to->peak.bytes);
    to->peak.blocks = calloc(to->tally.caller_count + 1, sizeof *to->peak.blocks);
    return to->map != NULL && to->records != NULL && to->columns != NULL &&
           to->peak.bytes != NULL && to->peak.blocks != NULL && rank_callers(to) &&
           rank_threads(to);
}

/* Plays the trace up to an event. */
static bool collect_once(Collection *to, Trace *trace, const PlayerOptions *options,
                         uint32_t region, uint64_t until, TraceError *error)
{
    Run run = {.to = to, .region = region};

    if (!tally_run(&to->tally, trace, region, until, error))
        return false;
    run.player = player_create(options, error);
    if (run.player == NULL)
        return false;
    to->capacity = player_capacity(run.player);
    to->total = player_total(run.player);
    bool played = collect_prepare(to) ? run_all(&run, trace, until, error) : no_memory(error);
    player_destroy(run.player);
    return played;
}

bool collect_run(Collection *collection, Trace *trace, const PlayerOptions *options,
                 uint32_t region, TraceError *error)
{
    *collection = (Collection){0};
    error->text[0] = 0;
    if (collect_once(collection, trace, options, region, UINT64_MAX, error))
        return true;
    CollectFailure failure = collection->failure;
    collect_free(collection);
    if (!failure.failed || error->text[0] != 0)
        return false;

    /* Columns and moments are those of the time before the failure. */
    collection->failure = failure;
    if (collect_once(collection, trace, options, region, failure.event.number, error))
        return true;
    collect_free(collection);
    return false;
}
