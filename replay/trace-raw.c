/* SPDX-License-Identifier: MIT
 *
 * Reads raw traces: merges chunks of records, as the threads wrote them. */
#include "replay/trace-inner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "replay/merge.h"

_Static_assert(sizeof(TraceChunk) == 48, "as in mem-trace(5)");
_Static_assert(sizeof(TraceRaw) == 32, "as in mem-trace(5)");

/* A chunk with records. */
typedef struct RawChunk {
    uint64_t offset;   /* of its frame: bytes from the file's beginning */
    uint64_t sequence; /* among the thread's */
    uint32_t thread;
    uint32_t records; /* not 0 */
} RawChunk;

struct RawReader {
    Trace *trace;
    Bytes chunks; /* RawChunk, by thread and sequence */
    size_t count; /* of chunks */
    size_t read;  /* of chunks: how many are read to their end */
    Merge *merge; /* NULL: no memory */
    bool failed;  /* there was no memory for a chunk */

    /* The clock. */
    uint32_t clock;                                      /* TraceClock, of the first chunk */
    uint64_t frequency;                                  /* ticks in a second; 0: not known */
    uint64_t first_ticks, first_ns, last_ticks, last_ns; /* the first and the last moment */
};

static RawChunk *chunks(const RawReader *raw)
{
    return (RawChunk *)(void *)raw->chunks.data;
}

/* ------------------------------------------------------------------------------------------------
 * Finding the chunks
 * --------------------------------------------------------------------------------------------- */

static void enter_clock(RawReader *raw, const TraceChunk *chunk)
{
    if (raw->last_ticks == 0 || chunk->ticks < raw->first_ticks) {
        raw->first_ticks = chunk->ticks;
        raw->first_ns = chunk->ns;
    }
    if (chunk->ticks >= raw->last_ticks) {
        raw->last_ticks = chunk->ticks;
        raw->last_ns = chunk->ns;
    }
    if (chunk->frequency != 0) {
        raw->frequency = chunk->frequency;
    }
}

/* Returns an error message for a chunk, or NULL. */
static const char *check(const RawReader *raw, const TraceFrame *header, const TraceChunk *chunk)
{
    if (header->compression != TRACE_PLAIN) {
        return "events of a thread are compressed";
    }
    if (header->bytes < sizeof *chunk || chunk->used > header->bytes - sizeof *chunk ||
        chunk->used % sizeof(TraceRaw) != 0) {
        return "a thread's chunk has a wrong size";
    }
    if (chunk->clock >= TRACE_CLOCK_COUNT) {
        return "an unknown clock";
    }
    if (raw->count > 0 && chunk->clock != raw->clock) {
        return "another clock than before";
    }
    return NULL;
}

static bool enter_chunk(RawReader *raw, uint64_t offset, const TraceFrame *header,
                        TraceError *error)
{
    const FrameFile *file = &raw->trace->file;
    const unsigned char *content = file->data + offset + sizeof *header;
    RawChunk entry = {.offset = offset};
    TraceChunk chunk = {0};
    const char *wrong;

    if (header->bytes >= sizeof chunk) {
        memcpy(&chunk, content, sizeof chunk);
    }
    wrong = check(raw, header, &chunk);
    if (wrong == NULL && header->checksum != 0 &&
        header->checksum != bytes_checksum(content, header->stored)) {
        wrong = "wrong checksum";
    }
    if (wrong != NULL) {
        return trace_fail(error, "%s: frame at byte %" PRIu64 ": %s", file->path, offset, wrong);
    }
    raw->clock = chunk.clock;
    enter_clock(raw, &chunk);
    entry.sequence = chunk.sequence;
    entry.thread = chunk.thread;
    entry.records = chunk.used / (uint32_t)sizeof(TraceRaw);
    if (entry.records == 0) {
        return true;
    }
    raw->count++;
    return bytes_append(&raw->chunks, &entry, sizeof entry) ||
           trace_fail(error, "%s: not enough memory", file->path);
}

static bool enter_frame(RawReader *raw, uint64_t offset, const TraceFrame *header,
                        TraceError *error)
{
    if (header->kind == TRACE_THREAD) {
        return enter_chunk(raw, offset, header, error);
    }
    if (header->kind == TRACE_EVENTS) {
        return trace_fail(error, "%s: frame at byte %" PRIu64 ": merged events amid a thread's",
                          raw->trace->file.path, offset);
    }
    return header->kind != TRACE_INFO || offset < raw->trace->next ||
           trace_take_info(raw->trace, offset, header, error);
}

static bool find_chunks(RawReader *raw, TraceError *error)
{
    const FrameFile *file = &raw->trace->file;
    uint64_t offset = raw->trace->first;
    TraceFrame header;
    FrameFound found;

    while ((found = frame_find(file, offset, &header, error)) == FRAME_THERE) {
        if (!enter_frame(raw, offset, &header, error)) {
            return false;
        }
        offset = frame_next(offset, &header);
    }
    return found == FRAME_NONE;
}

static int compare(const void *left, const void *right)
{
    const RawChunk *one = left;
    const RawChunk *other = right;

    if (one->thread != other->thread) {
        return one->thread < other->thread ? -1 : 1;
    }
    if (one->sequence != other->sequence) {
        return one->sequence < other->sequence ? -1 : 1;
    }
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

static bool sort_chunks(RawReader *raw, TraceError *error)
{
    const RawChunk *chunk = chunks(raw);

    if (raw->count > 0) {
        qsort(raw->chunks.data, raw->count, sizeof *chunk, compare);
    }
    for (size_t i = 1; i < raw->count; i++) {
        if (chunk[i].thread == chunk[i - 1].thread && chunk[i].sequence == chunk[i - 1].sequence) {
            return trace_fail(
                error, "%s: frame at byte %" PRIu64 ": thread %" PRIu32 " has two chunks %" PRIu64,
                raw->trace->file.path, chunk[i].offset, chunk[i].thread, chunk[i].sequence);
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * Merging them
 * --------------------------------------------------------------------------------------------- */

static bool add_chunk(RawReader *raw, size_t index)
{
    RawChunk *chunk = &chunks(raw)[index];
    const unsigned char *content = raw->trace->file.data + chunk->offset + sizeof(TraceFrame);

    return merge_add(raw->merge, chunk->thread,
                     (const TraceRaw *)(const void *)(content + sizeof(TraceChunk)), chunk->records,
                     chunk);
}

/* Adds the thread's next chunk after one is read. */
static void done(void *context, void *span)
{
    RawReader *raw = context;
    size_t next = (size_t)((RawChunk *)span - chunks(raw)) + 1;

    raw->read++;
    if (next < raw->count && chunks(raw)[next].thread == chunks(raw)[next - 1].thread &&
        !add_chunk(raw, next)) {
        raw->failed = true;
    }
}

static uint32_t find_caller(void *context, uint64_t address, uint32_t parent)
{
    RawReader *raw = context;

    return callers_find(&raw->trace->callers, address, parent);
}

void raw_rewind(Trace *trace)
{
    RawReader *raw = trace->raw;
    MergeUser user = {.context = raw, .caller = find_caller, .done = done};

    merge_destroy(raw->merge);
    raw->merge = merge_create(&user);
    raw->failed = raw->merge == NULL;
    raw->read = 0;
    if (raw->failed) {
        return;
    }
    merge_clock(raw->merge, raw->first_ticks, raw->first_ns, raw->frequency);
    merge_clock(raw->merge, raw->last_ticks, raw->last_ns, raw->frequency);
    for (size_t i = 0; i < raw->count; i++) {
        if ((i == 0 || chunks(raw)[i].thread != chunks(raw)[i - 1].thread) && !add_chunk(raw, i)) {
            raw->failed = true;
        }
    }
}

/* ------------------------------------------------------------------------------------------------
 * The interface
 * --------------------------------------------------------------------------------------------- */

bool raw_open(Trace *trace, TraceError *error)
{
    RawReader *raw = calloc(1, sizeof *raw);

    if (raw == NULL) {
        return trace_fail(error, "%s: not enough memory", trace->file.path);
    }
    trace->raw = raw;
    raw->trace = trace;
    if (!find_chunks(raw, error) || !sort_chunks(raw, error)) {
        return false;
    }
    raw_rewind(trace);
    return true;
}

int raw_next(Trace *trace, TraceEvent *event, TraceError *error)
{
    RawReader *raw = trace->raw;
    int found = raw->failed ? -1 : merge_next(raw->merge, UINT64_MAX, event);
    const TraceRaw *record = NULL;
    const char *why = "not enough memory";

    if (found == 0 && !raw->failed) {
        trace->events = trace->number;
        return 0;
    }
    if (found == 1) {
        why = trace_take(trace, event);
        if (why == NULL) {
            return 1;
        }
    } else if (!raw->failed) {
        record = merge_wrong(raw->merge, &why);
    }
    if (record == NULL) {
        trace_fail(error, "%s: event %" PRIu64 ": %s", trace->file.path, trace->number, why);
    } else {
        trace_fail(error, "%s: record at byte %td: %s", trace->file.path,
                   (const unsigned char *)record - trace->file.data, why);
    }
    return -1;
}

double raw_progress(const Trace *trace)
{
    return trace->raw->count == 0 ? 1 : (double)trace->raw->read / (double)trace->raw->count;
}

void raw_close(RawReader *raw)
{
    if (raw != NULL) {
        merge_destroy(raw->merge);
        bytes_free(&raw->chunks);
        free(raw);
    }
}
