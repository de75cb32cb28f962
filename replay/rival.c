/* SPDX-License-Identifier: MIT */
#include "replay/rival.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/pages.h"
#include "replay/pass.h"

enum { LOOK = 512 }; /* calls between two looks at what is resident */

/* The blocks, in memory that malloc() does not know of. */
typedef struct Blocks {
    void **blocks; /* by slots; NULL: none */
    size_t slots;  /* that there is room for */
    int statm;     /* the file that says what is resident */
    size_t page;   /* bytes */
} Blocks;

static _Noreturn void fail(void)
{
    fprintf(stderr, "memreplay: --malloc: %s\n", strerror(errno));
    exit(STATUS_ERROR);
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Bytes of the process that are resident. */
static uint64_t resident(const Blocks *blocks)
{
    unsigned long long whole = 0;
    unsigned long long pages = 0;
    char text[128];
    ssize_t length = pread(blocks->statm, text, sizeof text - 1, 0);

    text[length > 0 ? length : 0] = '\0';
    return sscanf(text, "%llu %llu", &whole, &pages) == 2 ? pages * blocks->page : 0;
}

/* Writes to each page that a block lies in, from a byte of it on. */
static void touch(const Blocks *blocks, void *block, size_t from, size_t size)
{
    volatile char *bytes = block;

    for (size_t at = from; at < size;
         at += blocks->page - ((uintptr_t)&bytes[at] & (blocks->page - 1))) {
        bytes[at] = 1;
    }
}

static void *alloc(const TraceEvent *event)
{
    void *block = NULL;
    size_t alignment = (size_t)event->alignment;

    if (event->op == TRACE_CALLOC) {
        return calloc(1, (size_t)event->size);
    }
    if (alignment <= sizeof(void *)) {
        return malloc((size_t)event->size);
    }
    return posix_memalign(&block, alignment, (size_t)event->size) == 0 ? block : NULL;
}

/* A request of 0 bytes may be answered by NULL. */
static bool request(Blocks *blocks, const TraceEvent *event, Rival *rival)
{
    void **block = &blocks->blocks[event->slot];
    size_t before = event->op == TRACE_RESIZE ? (size_t)event->block.size : 0;
    uint64_t begin = now();
    void *result = event->op == TRACE_RESIZE
                       ? realloc(*block, event->size == 0 ? 1 : (size_t)event->size)
                       : alloc(event);
    uint64_t time = now() - begin;

    histogram_add(&rival->latency, time);
    rival->ns += time;
    if (result == NULL && event->size != 0) {
        return false;
    }
    *block = result;
    touch(blocks, result, before, (size_t)event->size);
    return true;
}

static void give(Blocks *blocks, uint32_t slot, Rival *rival)
{
    uint64_t begin = now();
    uint64_t time;

    free(blocks->blocks[slot]);
    time = now() - begin;
    blocks->blocks[slot] = NULL;
    histogram_add(&rival->latency, time);
    rival->ns += time;
}

static void reset(Blocks *blocks)
{
    for (size_t i = 0; i < blocks->slots; i++) {
        free(blocks->blocks[i]);
        blocks->blocks[i] = NULL;
    }
}

static bool play(Blocks *blocks, const TraceEvent *event, Rival *rival)
{
    rival->calls += event->op <= TRACE_FREE;
    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
    case TRACE_RESIZE:
        return request(blocks, event, rival);
    case TRACE_FREE:
        give(blocks, event->slot, rival);
        return true;
    case TRACE_RARE:
        if (event->rare == TRACE_REGION_ENDS || event->rare == TRACE_REGION_RESET) {
            reset(blocks);
        }
        return true;
    default:
        return true;
    }
}

/* Reads the trace once: what that takes is taken then, and does not count. */
static void read_once(const TrialTrace *trace)
{
    Pass pass = pass_begin(trace->trace, trace->region, "the trace");
    TraceEvent event;

    while (pass_next(&pass, &event)) {
    }
    pass_end(&pass);
}

/* Memory that malloc() does not know of, and that is present. */
static void *map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (memory == MAP_FAILED) {
        fail();
    }
    return memory;
}

static void look(const Blocks *blocks, uint64_t before, Rival *rival)
{
    uint64_t after = resident(blocks);

    rival->end = after > before ? after - before : 0;
    rival->growth = rival->end > rival->growth ? rival->end : rival->growth;
}

static void play_all(const TrialTrace *trace, Blocks *blocks, Rival *rival)
{
    Pass pass = pass_begin(trace->trace, trace->region, "malloc()");
    uint64_t before = resident(blocks);
    TraceEvent event;

    for (uint64_t i = 0; !rival->failed && pass_next(&pass, &event); i++) {
        rival->failed = !play(blocks, &event, rival);
        if (i % LOOK == 0) {
            look(blocks, before, rival);
        }
    }
    look(blocks, before, rival);
    pass_end(&pass);
}

/* ------------------------------------------------------------------------------------------------
 * The process
 * --------------------------------------------------------------------------------------------- */

/* What it is told, and tells. */
typedef struct Shared {
    char path[PATH_MAX];
    uint32_t region;
    Rival rival;
} Shared;

struct RivalProcess {
    pid_t child;
    int pipe; /* a byte there lets it begin; its end, end */
    Shared *shared;
};

static void play_shared(Shared *shared)
{
    TrialTrace trace = {.path = shared->path, .region = shared->region};
    Blocks blocks = {.page = pages_size(), .statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};

    trace.trace = pass_open(trace.path);
    read_once(&trace);
    blocks.slots = trace_slots(trace.trace) + 1;
    blocks.blocks = map(blocks.slots * sizeof *blocks.blocks);
    if (blocks.statm < 0) {
        fail();
    }
    play_all(&trace, &blocks, &shared->rival);
}

RivalProcess *rival_start(void)
{
    RivalProcess *process = map(sizeof *process);
    int ends[2];
    char byte;

    process->shared = map(sizeof *process->shared);
    if (pipe2(ends, O_CLOEXEC) != 0 || (process->child = fork()) < 0) {
        fail();
    }
    if (process->child == 0) {
        close(ends[1]);
        if (read(ends[0], &byte, 1) == 1) {
            play_shared(process->shared);
        }
        _exit(STATUS_CARRIED);
    }
    close(ends[0]);
    process->pipe = ends[1];
    return process;
}

Rival rival_finish(RivalProcess *process, const TrialTrace *trace)
{
    int status = 0;

    snprintf(process->shared->path, PATH_MAX, "%s", trace->path);
    process->shared->region = trace->region;
    if (write(process->pipe, "", 1) != 1) {
        fail();
    }
    while (waitpid(process->child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "memreplay: --malloc: %s\n", strsignal(WTERMSIG(status)));
    }
    if (status != 0) {
        exit(STATUS_ERROR);
    }
    return process->shared->rival;
}
