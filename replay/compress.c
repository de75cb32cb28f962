/* SPDX-License-Identifier: MIT */
#include "replay/compress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/discard.h"
#include "replay/trace-bytes.h"
#include "replay/trace-write.h"

enum { TICK = 1 << 16 }; /* events between two calls of tick() */

/* A copy being made. */
typedef struct Copy {
    Trace *from;
    TraceWriter *to;
    void (*tick)(void *context, const Trace *trace); /* or NULL */
    void *context;
    Bytes nodes; /* uint32_t: what the callers of `from`, from 1 on, are in `to` */
} Copy;

static bool copy_info(Copy *copy)
{
    const char *line;
    bool done = true;

    for (size_t i = 0; done && (line = trace_info_line(copy->from, i)) != NULL; i++) {
        const char *equals = strchr(line, '=');
        char *key = equals == NULL ? NULL : strndup(line, (size_t)(equals - line));

        done = key == NULL || trace_write_info(copy->to, key, equals + 1);
        free(key);
    }
    return done;
}

static uint32_t find_node(const Copy *copy, uint32_t node)
{
    const uint32_t *nodes = (const uint32_t *)(const void *)copy->nodes.data;

    return node == 0 || nodes == NULL ? 0 : nodes[node - 1];
}

/* Copies the callers read since the last event. */
static bool copy_callers(Copy *copy)
{
    uint32_t count = trace_callers(copy->from);

    for (uint32_t next = (uint32_t)(copy->nodes.used / sizeof next) + 1; next < count; next++) {
        TraceCaller caller = trace_caller(copy->from, next);
        uint32_t node = trace_write_caller(copy->to, caller.address,
                                           find_node(copy, caller.parent));

        if (!bytes_append(&copy->nodes, &node, sizeof node)) {
            return false;
        }
    }
    return true;
}

/* Copies all events. */
static bool copy_events(Copy *copy, TraceError *error)
{
    TraceEvent event;
    int found;

    while ((found = trace_next(copy->from, &event, error)) == 1) {
        if (!copy_callers(copy)) {
            return trace_fail(error, "not enough memory for the trace's callers");
        }
        event.caller = find_node(copy, event.caller);
        if (!trace_write(copy->to, &event)) {
            break; /* trace_finish() says why */
        }
        if (copy->tick != NULL && event.number % TICK == TICK - 1) {
            copy->tick(copy->context, copy->from);
        }
    }
    return found >= 0;
}

/* Returns whether a path may be written: nothing there must be kept. */
static bool may_write(const Trace *trace, const char *path, TraceError *error)
{
    struct stat from;
    struct stat to;

    if (stat(path, &to) != 0) {
        return true;
    }
    if (stat(trace_path(trace), &from) == 0 && from.st_dev == to.st_dev &&
        from.st_ino == to.st_ino) {
        return trace_fail(error, "%s: is the trace itself", path);
    }
    return true;
}

bool compress_trace(Trace *trace, const char *path, void (*tick)(void *context, const Trace *trace),
                    void *context, TraceError *error)
{
    Copy copy = {.from = trace, .tick = tick, .context = context};
    TraceError ignored;
    bool read;
    bool written;

    if (!may_write(trace, path, error)) {
        return false;
    }
    copy.to = trace_create(path, trace_start(trace), error);
    if (copy.to == NULL) {
        return false;
    }
    trace_rewind(trace);
    copy_info(&copy); /* trace_finish() says what is wrong */
    read = copy_events(&copy, error);
    written = trace_finish(copy.to, read ? error : &ignored);
    bytes_free(&copy.nodes);
    if (!read || !written) {
        discard_file(path);
    }
    return read && written;
}
