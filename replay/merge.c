/* SPDX-License-Identifier: MIT */
#include "replay/merge-clock.h"
#include "replay/merge-threads.h"

#include <stdlib.h>
#include <string.h>

#include "replay/trace-bytes.h"

/* An event that is impossible so far (an allocation of a live block, a free of a block that is not
 * live) waits for the record that makes it possible: the clocks of two processors may differ a
 * little, and stamps may be equal. */
enum {
    WAIT_NS = 100000, /* that long by the clock */
    WAITING_MAX = 64, /* threads that do so at a time; more don't wait */
    AHEAD = 8         /* records of a thread whose blocks are loaded before they are read */
};

struct Merge {
    MergeUser user;
    MergeThreads threads;
    MergeBlocks blocks;
    MergeClock clock;
    uint64_t number; /* of the next block that is allocated */
    uint64_t stamp;  /* the latest that was given */
    uint64_t time;   /* of the last event, microseconds */
    MergeCounts counts;

    const TraceRaw *wrong; /* the record that is, or NULL */
    const char *why;
    Bytes text; /* of the last rare event */
};

/* The result of a step. */
typedef enum Step {
    STEP_FAILED = -1, /* a record is wrong, or there is no memory */
    STEP_SKIPPED,     /* the record is read, and is no event */
    STEP_EVENT,       /* the record is read */
    STEP_EXTRA,       /* an event comes before the record */
    STEP_WAITS        /* the record is not read */
} Step;

/* ------------------------------------------------------------------------------------------------
 * The interface
 * --------------------------------------------------------------------------------------------- */

Merge *merge_create(const MergeUser *user)
{
    Merge *merge = calloc(1, sizeof *merge);

    if (merge != NULL) {
        merge->user = *user;
    }
    return merge;
}

void merge_destroy(Merge *merge)
{
    if (merge != NULL) {
        threads_free(&merge->threads);
        blocks_free(&merge->blocks);
        bytes_free(&merge->text);
        free(merge);
    }
}

void merge_clock(Merge *merge, uint64_t ticks, uint64_t ns, uint64_t frequency)
{
    clock_enter(&merge->clock, ticks, ns, frequency);
}

bool merge_add(Merge *merge, uint32_t thread, const TraceRaw *records, size_t count, void *span)
{
    MergeSpan added = {.records = records, .count = count, .name = span};

    if (count == 0) {
        if (merge->user.done != NULL) {
            merge->user.done(merge->user.context, span);
        }
        return true;
    }
    return threads_add(&merge->threads, thread, &added);
}

const TraceRaw *merge_wrong(const Merge *merge, const char **why)
{
    *why = merge->why;
    return merge->wrong;
}

MergeCounts merge_counts(const Merge *merge)
{
    MergeCounts counts = merge->counts;

    counts.live = merge->blocks.count;
    return counts;
}

/* ------------------------------------------------------------------------------------------------
 * Parts of an event
 * --------------------------------------------------------------------------------------------- */

static Step fail(Merge *merge, const TraceRaw *record, const char *why)
{
    merge->wrong = record;
    merge->why = why;
    return STEP_FAILED;
}

static Step fail_memory(Merge *merge)
{
    return fail(merge, NULL, "not enough memory");
}

/* Returns the time of a record, never less than that of the last event. */
static uint64_t find_time(Merge *merge, uint64_t stamp)
{
    uint64_t time = clock_time(&merge->clock, stamp);

    if (time > merge->time) {
        merge->time = time;
    }
    return merge->time;
}

/* Returns the number of words in the RAW_MORE before a head: three each. */
static size_t count_words(const MergeThread *thread)
{
    return 3 * (thread->head - thread->next);
}

static uint64_t word(const MergeThread *thread, size_t index)
{
    const TraceRaw *record = &thread->spans->records[thread->next + index / 3];

    return index % 3 == 0 ? record->stamp : index % 3 == 1 ? record->block : record->size;
}

static uint32_t find_caller(Merge *merge, const MergeThread *thread)
{
    uint64_t address = threads_head(thread)->caller & ((UINT64_C(1) << RAW_ADDRESS_BITS) - 1);
    uint32_t parent = 0;

    if (address == 0 || merge->user.caller == NULL) {
        return 0;
    }
    for (size_t i = count_words(thread); i-- > 0;) { /* from the outermost frame on */
        uint64_t frame = word(thread, i);

        if (frame != 0) {
            parent = merge->user.caller(merge->user.context, frame, parent);
        }
    }
    return merge->user.caller(merge->user.context, address, parent);
}

/* Begins the event of a thread's head. */
static void begin_event(Merge *merge, const MergeThread *thread, TraceOp op, TraceEvent *event)
{
    const TraceRaw *record = threads_head(thread);
    unsigned align = record->caller >> RAW_ALIGN_SHIFT & 0x3f;

    *event = (TraceEvent){
        .time = find_time(merge, record->stamp),
        .op = op,
        .thread = thread->number,
        .region = (uint32_t)(record->caller >> RAW_REGION_SHIFT),
        .caller = op == TRACE_RARE ? 0 : find_caller(merge, thread),
        .size = op == TRACE_FREE || op == TRACE_RARE ? 0 : record->size,
        .alignment = align == 0 ? 0 : UINT64_C(1) << align,
    };
}

/* ------------------------------------------------------------------------------------------------
 * Kinds of records
 * --------------------------------------------------------------------------------------------- */

/* Returns whether the head of a thread may wait for another thread's record. */
static bool may_wait(const Merge *merge, const MergeThread *thread)
{
    return !thread->waits && merge->threads.waiting < WAITING_MAX;
}

/* Handles an allocation at the address of a live block: waits for its free, which is missing if it
 * does not come. */
static Step make_room(Merge *merge, const MergeThread *thread, const MergeBlock *block,
                      TraceEvent *event)
{
    if (may_wait(merge, thread)) {
        return STEP_WAITS;
    }
    *event = (TraceEvent){.time = find_time(merge, threads_head(thread)->stamp),
                          .op = TRACE_FREE,
                          .thread = thread->number,
                          .region = block->region,
                          .block = {.number = block->number}};
    merge->counts.forced++;
    blocks_remove(&merge->blocks, block);
    return STEP_EXTRA;
}

/* Adds a new block, and begins its event. A block that was not resized is where it was. */
static Step enter_block(Merge *merge, const MergeThread *thread, uint64_t number, TraceOp op,
                        TraceEvent *event)
{
    const TraceRaw *record = threads_head(thread);
    uint64_t address = op == TRACE_NOT_RESIZED ? thread->moved.address : record->block;
    MergeBlock block = {.address = address, .number = number & BLOCKS_NUMBER_MAX};
    const MergeBlock *found;

    if (address == 0) {
        return fail(merge, record, "a block at address 0");
    }
    found = blocks_find(&merge->blocks, address);
    if (found != NULL) {
        return make_room(merge, thread, found, event);
    }
    begin_event(merge, thread, op, event);
    if (op == TRACE_RESIZE || op == TRACE_NOT_RESIZED) {
        event->region = thread->moved.region;
    }
    event->block.number = number;
    block.region = event->region & 0x3f;
    return blocks_add(&merge->blocks, &block) ? STEP_EVENT : fail_memory(merge);
}

static Step take_allocation(Merge *merge, const MergeThread *thread, TraceOp op, TraceEvent *event)
{
    Step step = enter_block(merge, thread, merge->number, op, event);

    merge->number += step == STEP_EVENT;
    return step;
}

static Step take_free(Merge *merge, const MergeThread *thread, TraceEvent *event)
{
    const MergeBlock *block = blocks_find(&merge->blocks, threads_head(thread)->block);

    if (block == NULL) {
        if (may_wait(merge, thread)) {
            return STEP_WAITS;
        }
        merge->counts.unknown++;
        return STEP_SKIPPED;
    }
    begin_event(merge, thread, TRACE_FREE, event);
    event->region = block->region;
    event->block.number = block->number;
    blocks_remove(&merge->blocks, block);
    return STEP_EVENT;
}

static Step take_move_from(Merge *merge, MergeThread *thread)
{
    const MergeBlock *block = blocks_find(&merge->blocks, threads_head(thread)->block);

    if (block == NULL && may_wait(merge, thread)) {
        return STEP_WAITS;
    }
    if (block == NULL) {
        merge->counts.unknown++;
        thread->moved = (MergeBlock){.address = 0};
    } else {
        thread->moved = *block;
        blocks_remove(&merge->blocks, block);
    }
    return STEP_SKIPPED;
}

/* Handles the end of a resize. An unknown block becomes known at its new place. */
static Step take_move_end(Merge *merge, MergeThread *thread, TraceOp op, TraceEvent *event)
{
    Step step;

    if (thread->moved.address != 0) {
        step = enter_block(merge, thread, thread->moved.number, op, event);
    } else if (op == TRACE_RESIZE) {
        step = take_allocation(merge, thread, TRACE_ALLOC, event);
    } else {
        step = STEP_SKIPPED;
    }
    if (step == STEP_EVENT) {
        thread->moved = (MergeBlock){.address = 0};
    }
    return step;
}

static Step take_rare(Merge *merge, const MergeThread *thread, TraceEvent *event)
{
    const TraceRaw *record = threads_head(thread);
    size_t words = count_words(thread);

    begin_event(merge, thread, TRACE_RARE, event);
    event->rare = (TraceRare)(record->block & INT32_MAX);
    event->a = record->size;
    event->b = words == 0 ? 0 : word(thread, 0);
    merge->text.used = 0;
    for (size_t i = 1; i < words; i++) {
        uint64_t characters = word(thread, i);

        if (!bytes_append(&merge->text, &characters, sizeof characters)) {
            return fail_memory(merge);
        }
    }
    if (!bytes_append(&merge->text, "", 1)) {
        return fail_memory(merge);
    }
    event->text = (const char *)merge->text.data;
    if (event->rare == TRACE_REGION_ENDS || event->rare == TRACE_REGION_RESET) {
        blocks_remove_region(&merge->blocks, event->region);
    }
    return STEP_EVENT;
}

static Step take(Merge *merge, MergeThread *thread, TraceEvent *event)
{
    const TraceRaw *record = threads_head(thread);
    RawKind kind = raw_kind(record);

    switch (kind) {
    case RAW_ALLOC:
        return take_allocation(merge, thread, TRACE_ALLOC, event);
    case RAW_CALLOC:
        return take_allocation(merge, thread, TRACE_CALLOC, event);
    case RAW_MOVE_FROM:
        return take_move_from(merge, thread);
    case RAW_MOVE_TO:
        return take_move_end(merge, thread, TRACE_RESIZE, event);
    case RAW_NOT_RESIZED:
        return take_move_end(merge, thread, TRACE_NOT_RESIZED, event);
    case RAW_FREE:
        return take_free(merge, thread, event);
    case RAW_FAILED:
        begin_event(merge, thread, TRACE_FAILED, event);
        return STEP_EVENT;
    case RAW_RARE:
        return take_rare(merge, thread, event);
    case RAW_MORE:
        return fail(merge, record, "nothing follows what belongs to the next record");
    case RAW_KINDS:
    default:
        return fail(merge, record, "an unknown kind of record");
    }
}

/* ------------------------------------------------------------------------------------------------
 * The order
 * --------------------------------------------------------------------------------------------- */

/* Passes a record that was read. */
static void advance(Merge *merge, const MergeThread *thread)
{
    const TraceRaw *record = threads_head(thread);
    uint64_t address = record->block;
    MergeSpan *read;

    if (record->stamp < merge->stamp) {
        merge->counts.late++;
    } else {
        merge->stamp = record->stamp;
    }
    read = threads_advance(&merge->threads);
    threads_wake(&merge->threads, address);
    if (read != NULL) {
        if (merge->user.done != NULL) {
            merge->user.done(merge->user.context, read->name);
        }
        free(read);
    }
}

static void look_ahead(const Merge *merge, const MergeThread *thread)
{
    const MergeSpan *span = thread->spans;

    if (span->count - thread->head > AHEAD) {
        blocks_prefetch(&merge->blocks, span->records[thread->head + AHEAD].block);
    }
}

int merge_next(Merge *merge, uint64_t until, TraceEvent *event)
{
    while (merge->threads.ready > 0 &&
           (merge->threads.heap[0]->turn < until || until == UINT64_MAX)) {
        MergeThread *thread = merge->threads.heap[0];
        Step step;

        look_ahead(merge, thread);
        step = take(merge, thread, event);
        if (step == STEP_FAILED) {
            return -1;
        }
        if (step == STEP_EXTRA) {
            return 1;
        }
        if (step == STEP_WAITS) {
            threads_wait(&merge->threads, clock_later(&merge->clock, thread->turn, WAIT_NS));
            continue;
        }
        advance(merge, thread);
        if (step == STEP_EVENT) {
            return 1;
        }
    }
    return 0;
}
