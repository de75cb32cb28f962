/* SPDX-License-Identifier: MIT
 *
 * Information about a trace, besides its events. */
#include "replay/trace-inner.h"

#include <string.h>

uint64_t trace_events(const Trace *trace)
{
    return trace->events;
}

bool trace_is_complete(const Trace *trace)
{
    return trace->complete;
}

double trace_progress(const Trace *trace)
{
    if (trace->raw != NULL) {
        return raw_progress(trace);
    }
    if (trace->complete) {
        return trace->events == 0 ? 1 : (double)trace->number / (double)trace->events;
    }
    return trace->next >= trace->file.bytes ? 1 : (double)trace->next / (double)trace->file.bytes;
}

uint32_t trace_slots(const Trace *trace)
{
    return trace->live.used;
}

const TraceBlock *trace_live(const Trace *trace, uint32_t slot)
{
    const TraceBlock *block = slot < trace->live.used ? &trace->live.slots[slot] : NULL;

    return block == NULL || block->number == UINT64_MAX ? NULL : block;
}

const char *trace_path(const Trace *trace)
{
    return trace->file.path;
}

uint64_t trace_start(const Trace *trace)
{
    return trace->start;
}

/* Returns the next non-empty line of info from a place on, or NULL. */
static const char *find_line(const Trace *trace, const char *line)
{
    const char *text = (const char *)trace->info.data;
    size_t place = line == NULL ? 0 : (size_t)(line - text) + strlen(line);

    while (place < trace->info.used && text[place] == '\0') {
        place++;
    }
    return place == trace->info.used ? NULL : text + place;
}

const char *trace_info_line(const Trace *trace, size_t index)
{
    const char *line = find_line(trace, NULL);

    while (line != NULL && index > 0) {
        line = find_line(trace, line);
        index--;
    }
    return line;
}

const char *trace_info(const Trace *trace, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = find_line(trace, NULL); line != NULL; line = find_line(trace, line)) {
        if (strncmp(line, key, length) == 0 && line[length] == '=') {
            return line + length + 1;
        }
    }
    return NULL;
}

TraceCaller trace_caller(const Trace *trace, uint32_t caller)
{
    return caller < trace->callers.count ? trace->callers.nodes[caller] : (TraceCaller){0};
}

uint32_t trace_callers(const Trace *trace)
{
    return callers_count(&trace->callers);
}

size_t trace_modules(const Trace *trace)
{
    return trace->modules.count;
}

const TraceModule *trace_module(const Trace *trace, size_t index)
{
    return index < trace->modules.count ? &trace->modules.list[index] : NULL;
}

const TraceModule *trace_find_module(const Trace *trace, uint64_t address, uint64_t event)
{
    return modules_find(&trace->modules, address, event);
}
