/* SPDX-License-Identifier: MIT
 *
 * Counts the events of a trace, for tests/record.sh: prints lines with a word and a number.
 * Argument: the trace. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/trace-read.h"

enum { SIZE = 12321 /* of the blocks of tests/malloc/recorded.c */ };

typedef struct Counts {
    uint64_t allocs, callocs, frees, resizes; /* of blocks of that size */
    uint64_t aligned;                         /* likewise, with an alignment */
    uint64_t failed;                          /* calls, whatever they asked for */
    uint64_t threads, regions, loaded, unloaded, ended;
    uint64_t depth;   /* the longest chain of callers of such a block */
    uint64_t strange; /* such blocks whose caller is in no module, or not in the program */
} Counts;

static uint64_t depth_of(const Trace *trace, uint32_t caller)
{
    uint64_t depth = 0;

    for (; caller != 0; caller = trace_caller(trace, caller).parent) {
        depth++;
    }
    return depth;
}

static bool is_strange(const Trace *trace, const TraceEvent *event, const char *program)
{
    uint64_t address = trace_caller(trace, event->caller).address;
    const TraceModule *module = trace_find_module(trace, address, event->number);

    return module == NULL || strcmp(module->path, program) != 0;
}

static void count_rare(Counts *counts, TraceRare rare)
{
    counts->threads += rare == TRACE_THREAD_BEGINS;
    counts->regions += rare == TRACE_REGION_BEGINS;
    counts->ended += rare == TRACE_REGION_ENDS || rare == TRACE_REGION_RESET;
    counts->loaded += rare == TRACE_MODULE_LOADED;
    counts->unloaded += rare == TRACE_MODULE_UNLOADED;
}

static void count(Counts *counts, const Trace *trace, const TraceEvent *event, const char *program)
{
    bool is_alloc = event->op == TRACE_ALLOC || event->op == TRACE_CALLOC;

    if (event->op == TRACE_RARE) {
        count_rare(counts, event->rare);
    }
    counts->failed += event->op == TRACE_FAILED;
    counts->frees += event->op == TRACE_FREE && event->block.size == SIZE;
    if (event->size == SIZE) {
        uint64_t depth = depth_of(trace, event->caller);

        counts->allocs += is_alloc;
        counts->callocs += event->op == TRACE_CALLOC;
        counts->resizes += event->op == TRACE_RESIZE;
        counts->aligned += is_alloc && event->alignment > 16;
        counts->depth = depth > counts->depth ? depth : counts->depth;
        counts->strange += is_strange(trace, event, program);
    }
}

static void print(const Counts *counts, const Trace *trace)
{
    printf("allocs %" PRIu64 "\ncallocs %" PRIu64 "\naligned %" PRIu64 "\nresizes %" PRIu64
           "\nfrees %" PRIu64 "\nfailed %" PRIu64 "\n",
           counts->allocs, counts->callocs, counts->aligned, counts->resizes, counts->frees,
           counts->failed);
    printf("threads %" PRIu64 "\nregions %" PRIu64 "\nended %" PRIu64 "\nloaded %" PRIu64
           "\nunloaded %" PRIu64 "\n",
           counts->threads, counts->regions, counts->ended, counts->loaded, counts->unloaded);
    printf("depth %" PRIu64 "\nstrange %" PRIu64 "\ncomplete %d\n", counts->depth, counts->strange,
           trace_is_complete(trace));
}

int main(int argc, char **argv)
{
    Counts counts = {0};
    TraceEvent event;
    TraceError error;
    Trace *trace = argc == 2 ? trace_open(argv[1], &error) : NULL;
    const char *program;
    int result;

    if (trace == NULL) {
        fprintf(stderr, "%s\n", argc == 2 ? error.text : "no trace is given");
        return EXIT_FAILURE;
    }
    program = trace_info(trace, "program");
    while ((result = trace_next(trace, &event, &error)) == 1) {
        count(&counts, trace, &event, program == NULL ? "" : program);
    }
    if (result < 0) {
        fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    print(&counts, trace);
    trace_close(trace);
    return EXIT_SUCCESS;
}
