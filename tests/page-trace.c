/* SPDX-License-Identifier: MIT
 *
 * page-trace FILE EVENTS: writes a trace of an invented program. It has threads, callers,
 * short-lived and long-lived blocks, phases, and names that would do harm in a page that took them
 * for HTML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/trace-write.h"

enum { CALLERS = 90, THREADS = 5, LIVE_MOST = 200000 };

static uint64_t state = 88172645463325252;

static uint64_t number(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

typedef struct Program {
    TraceWriter *writer;
    uint32_t callers[CALLERS];
    uint64_t live[LIVE_MOST]; /* numbers of blocks */
    size_t count;
    uint64_t time, event;
    uint64_t events;
} Program;

static void write_event(Program *program, TraceEvent *event)
{
    event->time = program->time;
    program->time += number(3);
    event->number = program->event++;
    if (!trace_write(program->writer, event)) {
        fprintf(stderr, "page-trace: cannot write\n");
        exit(EXIT_FAILURE);
    }
}

/* Sizes and callers go together; a few are large. */
static void allocate(Program *program)
{
    uint32_t caller = (uint32_t)(number(CALLERS) * number(CALLERS) / CALLERS);
    uint64_t size = 16 + caller * 8 + number(64);

    if (number(400) == 0)
        size = 20000 + number(200000);
    TraceEvent event = {
        .op = number(10) == 0 ? TRACE_CALLOC : TRACE_ALLOC,
        .size = size,
        .caller = program->callers[caller],
        .thread = (uint32_t)(caller % THREADS),
    };
    write_event(program, &event);
    program->live[program->count++] = event.block.number;
}

static void end(Program *program)
{
    size_t at = (size_t)(number(4) == 0 ? number(program->count)
                                        : program->count - 1 - number(program->count / 8 + 1));
    TraceEvent event = {.op = TRACE_FREE, .block = {.number = program->live[at]}};

    if (number(20) == 0) {
        event.op = TRACE_RESIZE;
        event.size = 16 + number(5000);
        event.caller = program->callers[number(CALLERS)];
        write_event(program, &event);
        return;
    }
    program->live[at] = program->live[--program->count];
    write_event(program, &event);
}

/* Grows, stays, shrinks, grows again. */
static size_t wanted(const Program *program)
{
    double at = (double)program->event / (double)program->events;
    double most = (double)program->events / 20;

    if (most > LIVE_MOST / 2.0)
        most = LIVE_MOST / 2.0;
    return (size_t)(most * (at < 0.3   ? at / 0.3
                            : at < 0.5 ? 1
                            : at < 0.6 ? 1 - (at - 0.5) * 7
                                       : 0.3 + (at - 0.6)));
}

int main(int argc, char **argv)
{
    static Program program;
    TraceError error;

    if (argc != 3) {
        fprintf(stderr, "usage: page-trace FILE EVENTS\n");
        return 2;
    }
    program.events = strtoull(argv[2], NULL, 10);
    program.writer = trace_create(argv[1], UINT64_C(1764000000000000000), &error);
    if (program.writer == NULL) {
        fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    trace_write_info(program.writer, "program", "/usr/bin/<img src=x onerror=alert(1)>&\"'");
    trace_write_info(program.writer, "arguments",
                     "</script><script>document.title='taken'</script> \xff\xfe");
    TraceEvent module = {
        .op = TRACE_RARE,
        .rare = TRACE_MODULE_LOADED,
        .a = 0x400000,
        .b = 0x100000,
        .text = "400000 - /usr/lib/<b onmouseover=alert(1)>.so",
    };
    write_event(&program, &module);
    for (uint32_t i = 0; i < CALLERS; i++)
        program.callers[i] = trace_write_caller(program.writer, 0x400000 + i * 0x130, 0);
    while (program.event < program.events) {
        if (program.count < wanted(&program) || program.count == 0 ||
            (program.count < LIVE_MOST && number(2) == 0))
            allocate(&program);
        else
            end(&program);
    }
    if (!trace_finish(program.writer, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
