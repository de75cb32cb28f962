/* SPDX-License-Identifier: MIT
 *
 * imported FILE TRACE: imports a file, and prints the trace: see import.sh. With --names as the
 * first argument, prints each event's caller, too. */
#include "replay/import.h"
#include "replay/symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static unsigned depth(const Trace *trace, uint32_t caller)
{
    unsigned depth = 0;

    for (; caller != 0; caller = trace_caller(trace, caller).parent)
        depth++;
    return depth;
}

/* Prints a module: its addresses, and the end of its path. The build-id depends on the machine. */
static void print_rare(const TraceEvent *event)
{
    const char *path = strchr(event->text, ' ');

    path = path == NULL ? NULL : strchr(path + 1, ' ');
    printf("%s 0x%" PRIx64 "+0x%" PRIx64 " %s\n",
           event->rare == TRACE_MODULE_LOADED ? "loaded" : "unloaded", event->a, event->b,
           path == NULL ? "" : base_name(path + 1));
}

static void print_event(const Trace *trace, const TraceEvent *event, Symbols *symbols)
{
    static const char *const names[] = {"alloc",  "calloc",      "resize", "free",
                                        "failed", "not resized", "rare",   ""};

    if (event->op == TRACE_RARE) {
        print_rare(event);
        return;
    }
    printf("%" PRIu64 " %s", event->time, names[event->op]);
    if (event->op != TRACE_FAILED)
        printf(" block %" PRIu64, event->block.number);
    if (event->op != TRACE_FREE)
        printf(" size %" PRIu64, event->size);
    if (symbols == NULL)
        printf(" depth %u\n", depth(trace, event->caller));
    else
        printf(" %s\n", symbols_name(symbols, event->caller, event->number));
}

static void print_info(const Trace *trace)
{
    static const char *const keys[] = {"recorder", "program", "arguments", "pairing",
                                       "unknown",  "forced",  "cut"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (trace_info(trace, keys[i]) != NULL)
            printf("%s=%s\n", keys[i], trace_info(trace, keys[i]));
}

int main(int argc, char **argv)
{
    bool with_names = argc > 1 && strcmp(argv[1], "--names") == 0;
    TraceError error;
    TraceEvent event;
    int more;

    argv += with_names;
    if (argc - with_names != 3)
        return 2;
    Trace *trace = import_file(argv[1], argv[2], &error) ? trace_open(argv[2], &error) : NULL;
    Symbols *symbols = with_names && trace != NULL ? symbols_open(trace) : NULL;
    if (trace == NULL) {
        puts(error.text);
        return 1;
    }
    while ((more = trace_next(trace, &event, &error)) == 1)
        print_event(trace, &event, symbols);
    if (more == 0)
        print_info(trace);
    else
        puts(error.text);
    symbols_close(symbols);
    trace_close(trace);
    return more == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
