/* SPDX-License-Identifier: MIT */
#include "replay/trace-inner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ------------------------------------------------------------------------------------------------
 * Opening
 * --------------------------------------------------------------------------------------------- */

static bool begin(Trace *trace, TraceError *error);

Trace *trace_open(const char *path, TraceError *error)
{
    Trace *trace = calloc(1, sizeof *trace);
    char *copy = strdup(path);

    if (trace == NULL || copy == NULL) {
        trace_fail(error, "%s: not enough memory", path);
        free(trace);
        free(copy);
        return NULL;
    }
    trace->file.path = copy;
    if (!trace_open_file(trace, error) || !begin(trace, error)) {
        trace_close(trace);
        return NULL;
    }
    return trace;
}

void trace_close(Trace *trace)
{
    if (trace == NULL) {
        return;
    }
    if (trace->file.data != NULL) {
        munmap((void *)trace->file.data, (size_t)trace->file.bytes);
    }
    raw_close(trace->raw);
    frame_end_unpacker(&trace->unpacker);
    decode_end(&trace->decoder);
    live_free(&trace->live);
    callers_free(&trace->callers);
    modules_free(&trace->modules);
    bytes_free(&trace->info);
    free((void *)trace->file.path);
    free(trace);
}

/* ------------------------------------------------------------------------------------------------
 * Frames
 * --------------------------------------------------------------------------------------------- */

static bool fail_at(const Trace *trace, uint64_t offset, const char *why, TraceError *error)
{
    return trace_fail(error, "%s: frame at byte %" PRIu64 ": %s", trace->file.path, offset, why);
}

bool trace_take_info(Trace *trace, uint64_t offset, const TraceFrame *header, TraceError *error)
{
    const unsigned char *content = frame_unpack(&trace->unpacker, &trace->file, offset, header,
                                                error);
    size_t from = trace->info.used;

    if (content == NULL) {
        return false;
    }
    if (!bytes_append(&trace->info, content, header->bytes) || !bytes_append(&trace->info, "", 1)) {
        return fail_at(trace, offset, "not enough memory", error);
    }
    for (size_t i = from; i < trace->info.used; i++) {
        if (trace->info.data[i] == '\n') {
            trace->info.data[i] = '\0';
        }
    }
    return true;
}

static bool read_callers(Trace *trace, const TraceFrame *header, TraceError *error)
{
    const unsigned char *content = frame_unpack(&trace->unpacker, &trace->file, trace->frame,
                                                header, error);
    Cursor cursor = {.next = content};
    uint64_t address = 0;

    if (content == NULL) {
        return false;
    }
    cursor.end = content + header->bytes;
    while (cursor.next < cursor.end) {
        uint64_t parent;
        uint64_t difference;

        if (!leb128_take(&cursor, &parent) || !leb128_take(&cursor, &difference) ||
            parent >= callers_count(&trace->callers)) {
            return fail_at(trace, trace->frame, "a caller is damaged", error);
        }
        address += unzigzag(difference);
        if (!callers_add(&trace->callers, address, (uint32_t)parent)) {
            return fail_at(trace, trace->frame, "not enough memory", error);
        }
    }
    return true;
}

static bool read_events(Trace *trace, const TraceFrame *header, TraceError *error)
{
    const unsigned char *content;
    const char *wrong;

    if (header->first != trace->number) {
        return fail_at(trace, trace->frame, "wrong number of events before", error);
    }
    content = frame_unpack(&trace->unpacker, &trace->file, trace->frame, header, error);
    if (content == NULL) {
        return false;
    }
    wrong = decode_begin(&trace->decoder, content, header->bytes, header->events);
    return wrong == NULL || fail_at(trace, trace->frame, wrong, error);
}

/* Reads a frame. Of frames read before, only events are of use. */
static bool read_frame(Trace *trace, const TraceFrame *header, TraceError *error)
{
    bool known = trace->frame < trace->callers_from;

    if (header->kind == TRACE_EVENTS) {
        return read_events(trace, header, error);
    }
    if (header->kind == TRACE_THREAD) {
        return fail_at(trace, trace->frame, "events of a thread amid merged ones", error);
    }
    if (known || (header->kind != TRACE_INFO && header->kind != TRACE_CALLERS)) {
        return true;
    }
    trace->callers_from = trace->next;
    return header->kind == TRACE_INFO ? trace_take_info(trace, trace->frame, header, error)
                                      : read_callers(trace, header, error);
}

/* Goes to the next frame. Returns 1, 0 at the end, or -1 with the reason in error. */
static int next_frame(Trace *trace, TraceError *error)
{
    TraceFrame header;
    FrameFound found = frame_find(&trace->file, trace->next, &header, error);

    if (found != FRAME_THERE) {
        return found == FRAME_NONE ? 0 : -1;
    }
    trace->frame = trace->next;
    trace->next = frame_next(trace->frame, &header);
    return read_frame(trace, &header, error) ? 1 : -1;
}

/* Reads up to the first frame of events; a raw trace has a reader of its own. */
static bool begin(Trace *trace, TraceError *error)
{
    uint64_t offset = trace->first;
    TraceFrame header;
    FrameFound found;

    trace_rewind(trace);
    while ((found = frame_find(&trace->file, offset, &header, error)) == FRAME_THERE &&
           header.kind != TRACE_THREAD && header.kind != TRACE_EVENTS) {
        trace->frame = offset;
        trace->next = offset = frame_next(offset, &header);
        if (!read_frame(trace, &header, error)) {
            return false;
        }
    }
    if (found == FRAME_THERE && header.kind == TRACE_THREAD) {
        return raw_open(trace, error);
    }
    return found != FRAME_WRONG;
}

void trace_rewind(Trace *trace)
{
    trace->next = trace->first;
    trace->number = 0;
    trace->decoder.left = 0;
    trace->decoder.allocations = 0;
    trace->decoder.least = 0;
    trace->ended = REGION_NONE;
    live_clear(&trace->live);
    if (trace->raw != NULL) {
        raw_rewind(trace);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Events
 * --------------------------------------------------------------------------------------------- */

static const char *take_allocation(Trace *trace, TraceEvent *event)
{
    event->block = (TraceBlock){
        .number = event->block.number,
        .size = event->size,
        .born = trace->number,
        .born_time = event->time,
        .caller = event->caller,
        .thread = event->thread,
        .region = (uint16_t)event->region,
        .alignment_log2 = event->alignment == 0 ? 0 : (uint8_t)__builtin_ctzll(event->alignment),
    };
    event->slot = live_add(&trace->live, &event->block);
    return event->slot == LIVE_NONE ? "not enough memory for the blocks that are live" : NULL;
}

/* Handles a free or a resize. */
static const char *take_known(Trace *trace, TraceEvent *event)
{
    TraceBlock *block;

    event->slot = live_find(&trace->live, event->block.number);
    if (event->slot == LIVE_NONE) {
        return event->op == TRACE_FREE ? "a free of a block that is not live"
                                       : "a resize of a block that is not live";
    }
    block = &trace->live.slots[event->slot];
    if (block->region != event->region) {
        return "a block is in another region";
    }
    event->block = *block;
    if (event->op == TRACE_FREE) {
        live_remove(&trace->live, event->slot);
    } else if (event->op == TRACE_RESIZE) {
        block->size = event->size;
        block->caller = event->caller;
    }
    return NULL;
}

static const char *take_rare(Trace *trace, const TraceEvent *event)
{
    if (event->rare == TRACE_REGION_ENDS || event->rare == TRACE_REGION_RESET) {
        trace->ended = event->region;
    }
    if ((event->rare == TRACE_MODULE_LOADED || event->rare == TRACE_MODULE_UNLOADED) &&
        !modules_enter(&trace->modules, event)) {
        return "not enough memory for its modules";
    }
    return NULL;
}

const char *trace_take(Trace *trace, TraceEvent *event)
{
    const char *wrong = NULL;

    if (trace->ended != REGION_NONE) {
        live_remove_region(&trace->live, trace->ended);
        trace->ended = REGION_NONE;
    }
    event->number = trace->number;
    if (event->caller >= callers_count(&trace->callers)) {
        return "a caller that is not known";
    }
    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
        wrong = take_allocation(trace, event);
        break;
    case TRACE_RESIZE:
    case TRACE_NOT_RESIZED:
    case TRACE_FREE:
        wrong = take_known(trace, event);
        break;
    case TRACE_RARE:
        wrong = take_rare(trace, event);
        break;
    case TRACE_FAILED:
    case TRACE_OPS:
    default:
        break;
    }
    trace->number += wrong == NULL;
    return wrong;
}

static int fail_event(const Trace *trace, const char *wrong, TraceError *error)
{
    trace_fail(error, "%s: frame at byte %" PRIu64 ": %s (event %" PRIu64 ")", trace->file.path,
               trace->frame, wrong, trace->number);
    return -1;
}

/* Checks the totals after all events are read. */
static int finish(Trace *trace, TraceError *error)
{
    if (trace->complete && trace->number != trace->events) {
        trace_fail(error, "%s: %" PRIu64 " events, but the index at byte %" PRIu64 " says %" PRIu64,
                   trace->file.path, trace->number, trace->file.limit, trace->events);
        return -1;
    }
    trace->events = trace->number;
    return 0;
}

int trace_next(Trace *trace, TraceEvent *event, TraceError *error)
{
    const char *wrong;

    if (trace->raw != NULL) {
        return raw_next(trace, event, error);
    }
    while (trace->decoder.left == 0) {
        int found = next_frame(trace, error);

        if (found <= 0) {
            return found == 0 ? finish(trace, error) : -1;
        }
    }
    wrong = decode_event(&trace->decoder, event);
    if (wrong == NULL) {
        wrong = trace_take(trace, event);
    }
    if (wrong == NULL && trace->decoder.left == 0) {
        wrong = decode_finish(&trace->decoder);
    }
    return wrong == NULL ? 1 : fail_event(trace, wrong, error);
}
