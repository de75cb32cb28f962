/* SPDX-License-Identifier: MIT */
#include "replay/trace-decode.h"

#include <string.h>

const char *decode_begin(Decoder *decoder, const unsigned char *content, uint32_t bytes,
                         uint32_t events)
{
    uint32_t lengths[TRACE_COLUMNS];
    const unsigned char *next = content + sizeof lengths;
    uint64_t base;

    if (bytes < sizeof lengths) {
        return "too short for the lengths of its columns";
    }
    memcpy(lengths, content, sizeof lengths);
    bytes -= (uint32_t)sizeof lengths;
    for (int i = 0; i < TRACE_COLUMNS; i++) {
        if (lengths[i] > bytes) {
            return "a column is longer than the frame";
        }
        decoder->column[i] = (Cursor){.next = next, .end = next + lengths[i]};
        next += lengths[i];
        bytes -= lengths[i];
    }
    if (bytes != 0 || lengths[COLUMN_OPS] != events) {
        return "the columns do not fill the frame";
    }
    if (!leb128_take(&decoder->column[COLUMN_BASE], &base) || base != decoder->allocations) {
        return "wrong number of allocations before";
    }
    decoder->left = events;
    decoder->time = 0;
    decoder->thread = decoder->region = decoder->caller = 0;
    return NULL;
}

static inline bool take(Decoder *decoder, TraceColumn column, uint64_t *number)
{
    return leb128_take(&decoder->column[column], number);
}

static const char *take_rare(Decoder *decoder, TraceEvent *event)
{
    Cursor *column = &decoder->column[COLUMN_RARE];
    uint64_t rare;
    uint64_t length;

    if (!leb128_take(column, &rare) || !leb128_take(column, &event->a) ||
        !leb128_take(column, &event->b) || !leb128_take(column, &length) || rare > INT32_MAX ||
        length > (uint64_t)(column->end - column->next)) {
        return "a rare event is damaged";
    }
    event->rare = (TraceRare)rare;
    decoder->text.used = 0;
    if (!bytes_append(&decoder->text, column->next, (size_t)length) ||
        !bytes_append(&decoder->text, "", 1)) {
        return "not enough memory";
    }
    column->next += length;
    event->text = (const char *)decoder->text.data;
    return NULL;
}

static bool take_caller(Decoder *decoder, TraceEvent *event)
{
    uint64_t difference;

    if (!take(decoder, COLUMN_CALLERS, &difference)) {
        return false;
    }
    decoder->caller += (uint32_t)unzigzag(difference);
    event->caller = decoder->caller;
    return true;
}

static bool take_block(Decoder *decoder, TraceEvent *event)
{
    uint64_t distance;

    if (!take(decoder, COLUMN_BLOCKS, &distance) || distance == 0 ||
        distance > decoder->allocations) {
        return false;
    }
    event->block.number = decoder->allocations - distance;
    return true;
}

/* Reads the parts of an event that depend on its kind. */
static const char *take_operation(Decoder *decoder, TraceEvent *event)
{
    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
        event->block.number = decoder->allocations++;
        break;
    case TRACE_FREE:
        if (!take_block(decoder, event)) {
            return "a free of a block that was never there";
        }
        return take_caller(decoder, event) ? NULL : "a caller is missing";
    case TRACE_RESIZE:
    case TRACE_NOT_RESIZED:
        if (!take_block(decoder, event)) {
            return "a resize of a block that was never there";
        }
        break;
    case TRACE_FAILED:
        break;
    case TRACE_RARE:
        return take_rare(decoder, event);
    case TRACE_OPS:
    default:
        return "an unknown operation";
    }
    if (!take(decoder, COLUMN_SIZES, &event->size)) {
        return "a size is missing";
    }
    return take_caller(decoder, event) ? NULL : "a caller is missing";
}

static const char *take_place(Decoder *decoder, unsigned flags)
{
    uint64_t number;

    if ((flags & TRACE_HAS_REGION) != 0) {
        if (!take(decoder, COLUMN_REGIONS, &number) || number > UINT16_MAX) {
            return "a wrong number of a region";
        }
        decoder->region = (uint32_t)number;
    }
    if ((flags & TRACE_HAS_THREAD) != 0) {
        if (!take(decoder, COLUMN_THREADS, &number) || number > UINT32_MAX) {
            return "a wrong number of a thread";
        }
        decoder->thread = (uint32_t)number;
    }
    return NULL;
}

static const char *take_time(Decoder *decoder, unsigned flags)
{
    uint64_t passed;

    if ((flags & TRACE_HAS_TIME) != 0) {
        if (!take(decoder, COLUMN_TIMES, &passed) || passed > UINT64_MAX - decoder->time) {
            return "a wrong time";
        }
        decoder->time += passed;
    }
    if (decoder->time < decoder->least) {
        return "time goes backwards";
    }
    decoder->least = decoder->time;
    return NULL;
}

const char *decode_event(Decoder *decoder, TraceEvent *event)
{
    unsigned flags = *decoder->column[COLUMN_OPS].next++;
    const char *wrong;
    uint64_t bits;

    *event = (TraceEvent){.op = (TraceOp)(flags & TRACE_OP_MASK)};
    wrong = take_operation(decoder, event);
    if (wrong == NULL) {
        wrong = take_time(decoder, flags);
    }
    if (wrong == NULL && (flags & (TRACE_HAS_REGION | TRACE_HAS_THREAD)) != 0) {
        wrong = take_place(decoder, flags);
    }
    if (wrong == NULL && (flags & TRACE_HAS_ALIGN) != 0) {
        if (!take(decoder, COLUMN_ALIGNS, &bits) || bits > 63) {
            return "a wrong alignment";
        }
        event->alignment = UINT64_C(1) << bits;
    }
    event->time = decoder->time;
    event->thread = decoder->thread;
    event->region = decoder->region;
    decoder->left--;
    return wrong;
}

const char *decode_finish(const Decoder *decoder)
{
    for (int i = 0; i < TRACE_COLUMNS; i++) {
        if (decoder->column[i].next != decoder->column[i].end) {
            return "a column is longer than its events";
        }
    }
    return NULL;
}

void decode_end(Decoder *decoder)
{
    bytes_free(&decoder->text);
}
