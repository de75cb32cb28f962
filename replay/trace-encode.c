/* SPDX-License-Identifier: MIT */
#include "replay/trace-encode.h"

#include <stdlib.h>
#include <string.h>

bool encode_begin(Encoder *encoder)
{
    bool complete = true;

    *encoder = (Encoder){0};
    for (int i = 0; i < TRACE_COLUMNS; i++) {
        encoder->column[i] = malloc((size_t)ENCODE_EVENTS * LEB128_MAX);
        complete = complete && encoder->column[i] != NULL;
    }
    encode_next(encoder);
    return complete;
}

void encode_end(Encoder *encoder)
{
    for (int i = 0; i < TRACE_COLUMNS; i++) {
        free(encoder->column[i]);
    }
    bytes_free(&encoder->rare);
    bytes_free(&encoder->content);
}

void encode_next(Encoder *encoder)
{
    encoder->events = 0;
    encoder->base = encoder->allocations;
    encoder->time = 0;
    encoder->thread = encoder->region = encoder->caller = 0;
    encoder->rare.used = 0;
    memcpy(encoder->next, encoder->column, sizeof encoder->next);
}

bool encode_gather(Encoder *encoder)
{
    uint32_t lengths[TRACE_COLUMNS];
    bool done;

    encoder->next[COLUMN_BASE] = leb128_put(encoder->column[COLUMN_BASE], encoder->base);
    for (int i = 0; i < TRACE_COLUMNS; i++) {
        lengths[i] = (uint32_t)(encoder->next[i] - encoder->column[i]);
    }
    lengths[COLUMN_RARE] = (uint32_t)encoder->rare.used;
    encoder->content.used = 0;
    done = bytes_append(&encoder->content, lengths, sizeof lengths);
    for (int i = 0; i < TRACE_COLUMNS; i++) {
        const unsigned char *column = i == COLUMN_RARE ? encoder->rare.data : encoder->column[i];

        done = done && bytes_append(&encoder->content, column, lengths[i]);
    }
    return done;
}

static inline void put(Encoder *encoder, TraceColumn column, uint64_t number)
{
    encoder->next[column] = leb128_put(encoder->next[column], number);
}

static bool put_rare(Encoder *encoder, const TraceEvent *event)
{
    size_t length = event->text == NULL ? 0 : strnlen(event->text, ENCODE_TEXT_MAX);
    unsigned char *next;

    if (!bytes_reserve(&encoder->rare, 4 * (size_t)LEB128_MAX + length)) {
        return false;
    }
    next = encoder->rare.data + encoder->rare.used;
    next = leb128_put(next, event->rare);
    next = leb128_put(next, event->a);
    next = leb128_put(next, event->b);
    next = leb128_put(next, length);
    encoder->rare.used = (size_t)(next - encoder->rare.data);
    return bytes_append(&encoder->rare, event->text, length);
}

static void put_caller(Encoder *encoder, uint32_t caller)
{
    put(encoder, COLUMN_CALLERS, zigzag((uint64_t)caller - encoder->caller));
    encoder->caller = caller;
}

static void put_block(Encoder *encoder, uint64_t number)
{
    put(encoder, COLUMN_BLOCKS, encoder->allocations - number);
}

/* Writes the parts of an event that depend on its kind. */
static bool put_operation(Encoder *encoder, TraceEvent *event)
{
    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
        event->block.number = encoder->allocations++;
        break;
    case TRACE_FREE:
        put_block(encoder, event->block.number);
        put_caller(encoder, event->caller);
        return true;
    case TRACE_RESIZE:
    case TRACE_NOT_RESIZED:
        put_block(encoder, event->block.number);
        break;
    case TRACE_FAILED:
        break;
    case TRACE_RARE:
    case TRACE_OPS:
    default:
        return put_rare(encoder, event);
    }
    put(encoder, COLUMN_SIZES, event->size);
    put_caller(encoder, event->caller);
    return true;
}

bool encode_event(Encoder *encoder, TraceEvent *event)
{
    unsigned flags = event->op;

    if (!put_operation(encoder, event)) {
        return false;
    }
    if (event->time != encoder->time) {
        put(encoder, COLUMN_TIMES, event->time - encoder->time);
        encoder->time = event->time;
        flags |= TRACE_HAS_TIME;
    }
    if (event->alignment > 1) {
        put(encoder, COLUMN_ALIGNS, (unsigned)__builtin_ctzll(event->alignment));
        flags |= TRACE_HAS_ALIGN;
    }
    if (event->region != encoder->region) {
        put(encoder, COLUMN_REGIONS, event->region);
        encoder->region = event->region;
        flags |= TRACE_HAS_REGION;
    }
    if (event->thread != encoder->thread) {
        put(encoder, COLUMN_THREADS, event->thread);
        encoder->thread = event->thread;
        flags |= TRACE_HAS_THREAD;
    }
    *encoder->next[COLUMN_OPS]++ = (unsigned char)flags;
    encoder->events++;
    return true;
}
