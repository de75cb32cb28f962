/* SPDX-License-Identifier: MIT */
#include "replay/trace-write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/trace-callers.h"
#include "replay/trace-encode.h"
#include "replay/trace-frame.h"
#include "replay/trace-modules.h"

enum { CALLERS_MAX = 1 << 20 }; /* bytes of a callers frame, but for the last node */

struct TraceWriter {
    int fd;
    bool ours;        /* fd is to be closed */
    bool failed;      /* error says why; nothing is written any more */
    char *path;       /* of the file, for errors */
    TraceError error; /* the first */
    uint64_t offset;  /* bytes of the file that are written */
    Packer packer;
    Bytes index; /* TraceIndex, one for each frame */
    Bytes info;  /* lines that are not written yet */
    Callers callers;
    uint32_t callers_written; /* nodes that are in the file */

    uint64_t frames_events; /* in all frames so far */
    uint64_t time;          /* of the last event, microseconds */
    Encoder encoder;        /* the frame that is being filled */
    Bytes content;          /* of a callers frame */
};

/* ------------------------------------------------------------------------------------------------
 * Writing to the file
 * --------------------------------------------------------------------------------------------- */

static bool fail(TraceWriter *writer, const char *why)
{
    if (!writer->failed) {
        trace_fail(&writer->error, "%s: %s", writer->path, why);
        writer->failed = true;
    }
    return false;
}

static bool fail_memory(TraceWriter *writer)
{
    return fail(writer, "not enough memory to write a trace");
}

static bool put(TraceWriter *writer, const void *data, size_t size)
{
    const char *next = data;

    while (size > 0) {
        ssize_t done = write(writer->fd, next, size);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return fail(writer, done < 0 ? strerror(errno) : "nothing could be written");
        }
        next += done;
        size -= (size_t)done;
        writer->offset += (uint64_t)done;
    }
    return true;
}

static bool put_frame(TraceWriter *writer, TraceFrameKind kind, const Bytes *content,
                      uint32_t events)
{
    TraceFrame header = {.kind = (uint8_t)kind, .first = writer->frames_events, .events = events};
    TraceIndex entry = {.offset = writer->offset,
                        .first = writer->frames_events,
                        .events = events,
                        .kind = (uint8_t)kind};

    if (!frame_pack(&writer->packer, &header, content->data, content->used) ||
        (kind != TRACE_INDEX && !bytes_append(&writer->index, &entry, sizeof entry))) {
        return fail_memory(writer);
    }
    return put(writer, writer->packer.frame.data, writer->packer.frame.used);
}

/* ------------------------------------------------------------------------------------------------
 * Beginning and end
 * --------------------------------------------------------------------------------------------- */

static void destroy(TraceWriter *writer)
{
    encode_end(&writer->encoder);
    frame_end_packer(&writer->packer);
    bytes_free(&writer->index);
    bytes_free(&writer->info);
    bytes_free(&writer->content);
    callers_free(&writer->callers);
    free(writer->path);
    free(writer);
}

static TraceWriter *create(int fd, const char *path)
{
    TraceWriter *writer = calloc(1, sizeof *writer);

    if (writer == NULL) {
        return NULL;
    }
    writer->fd = fd;
    writer->path = strdup(path);
    writer->callers_written = 1;
    if (!encode_begin(&writer->encoder) || writer->path == NULL) {
        destroy(writer);
        return NULL;
    }
    return writer;
}

TraceWriter *trace_create_fd(int fd, const char *path, uint64_t start, TraceError *error)
{
    TraceHeader header = {.magic = TRACE_MAGIC,
                          .version_major = TRACE_VERSION_MAJOR,
                          .version_minor = TRACE_VERSION_MINOR,
                          .header_bytes = sizeof header,
                          .start = start};
    TraceWriter *writer = create(fd, path);

    if (writer == NULL) {
        trace_fail(error, "%s: not enough memory to write a trace", path);
        return NULL;
    }
    if (!put(writer, &header, sizeof header)) {
        trace_fail(error, "%s", writer->error.text);
        destroy(writer);
        return NULL;
    }
    return writer;
}

TraceWriter *trace_create(const char *path, uint64_t start, TraceError *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    TraceWriter *writer;

    if (fd < 0) {
        trace_fail(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    writer = trace_create_fd(fd, path, start, error);
    if (writer == NULL) {
        close(fd);
        return NULL;
    }
    writer->ours = true;
    return writer;
}

static bool write_end(TraceWriter *writer)
{
    TraceEnd end = {.index = writer->offset};

    memcpy(end.magic, TRACE_END_MAGIC, sizeof end.magic);
    return put_frame(writer, TRACE_INDEX, &writer->index, 0) && put(writer, &end, sizeof end);
}

bool trace_finish(TraceWriter *writer, TraceError *error)
{
    bool done = trace_flush(writer) && write_end(writer);

    if (writer->ours && close(writer->fd) != 0) {
        done = fail(writer, strerror(errno));
    }
    if (!done) {
        trace_fail(error, "%s", writer->error.text);
    }
    destroy(writer);
    return done;
}

/* ------------------------------------------------------------------------------------------------
 * Frames
 * --------------------------------------------------------------------------------------------- */

static bool write_info(TraceWriter *writer)
{
    bool done = writer->info.used == 0 || put_frame(writer, TRACE_INFO, &writer->info, 0);

    writer->info.used = 0;
    return done;
}

/* Writes a frame of nodes that are not in the file yet. */
static bool write_some_callers(TraceWriter *writer)
{
    const Callers *callers = &writer->callers;
    Bytes *content = &writer->content;
    uint64_t address = 0;

    content->used = 0;
    while (writer->callers_written < callers_count(callers) && content->used < CALLERS_MAX) {
        const TraceCaller *node = &callers->nodes[writer->callers_written++];
        unsigned char *next;

        if (!bytes_reserve(content, 2 * (size_t)LEB128_MAX)) {
            return fail_memory(writer);
        }
        next = leb128_put(content->data + content->used, node->parent);
        next = leb128_put(next, zigzag(node->address - address));
        content->used = (size_t)(next - content->data);
        address = node->address;
    }
    return put_frame(writer, TRACE_CALLERS, content, 0);
}

static bool write_callers(TraceWriter *writer)
{
    while (writer->callers_written < callers_count(&writer->callers)) {
        if (!write_some_callers(writer)) {
            return false;
        }
    }
    return true;
}

static bool write_events(TraceWriter *writer)
{
    Encoder *encoder = &writer->encoder;

    if (encoder->events == 0) {
        return true;
    }
    if (!encode_gather(encoder)) {
        return fail_memory(writer);
    }
    if (!put_frame(writer, TRACE_EVENTS, &encoder->content, encoder->events)) {
        return false;
    }
    writer->frames_events += encoder->events;
    encode_next(encoder);
    return true;
}

bool trace_flush(TraceWriter *writer)
{
    return !writer->failed && write_info(writer) && write_callers(writer) && write_events(writer);
}

/* ------------------------------------------------------------------------------------------------
 * The interface
 * --------------------------------------------------------------------------------------------- */

bool trace_write(TraceWriter *writer, TraceEvent *event)
{
    Encoder *encoder = &writer->encoder;

    if (writer->failed) {
        return false;
    }
    if (event->time < writer->time) {
        event->time = writer->time;
    }
    if (!encode_event(encoder, event)) {
        return fail_memory(writer);
    }
    writer->time = event->time;
    event->number = writer->frames_events + encoder->events - 1;
    return !encode_is_full(encoder) || trace_flush(writer);
}

bool trace_write_info(TraceWriter *writer, const char *key, const char *value)
{
    size_t begin = writer->info.used;

    if (writer->failed) {
        return false;
    }
    if (!bytes_append(&writer->info, key, strlen(key)) || !bytes_append(&writer->info, "=", 1) ||
        !bytes_append(&writer->info, value, strlen(value))) {
        return fail_memory(writer);
    }
    for (size_t i = begin; i < writer->info.used; i++) { /* a line each */
        if (writer->info.data[i] == '\n') {
            writer->info.data[i] = ' ';
        }
    }
    return bytes_append(&writer->info, "\n", 1) || fail_memory(writer);
}

uint32_t trace_write_caller(TraceWriter *writer, uint64_t address, uint32_t parent)
{
    return callers_find(&writer->callers, address, parent);
}

bool trace_write_module(TraceWriter *writer, const TraceModule *module)
{
    Bytes text = {0};
    TraceEvent event = {.op = TRACE_RARE,
                        .time = writer->time,
                        .rare = TRACE_MODULE_LOADED,
                        .a = module->start,
                        .b = module->bytes};
    bool done = modules_tell(module, &text) || fail_memory(writer);

    event.text = (const char *)text.data;
    done = done && trace_write(writer, &event);
    bytes_free(&text);
    return done;
}
