/* SPDX-License-Identifier: MIT */
#include "replay/rival.h"

#include <errno.h>
#include <fcntl.h>
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

/* What the process is told of an event. */
typedef struct Call {
    uint64_t size, before; /* bytes: asked for; of the block so far */
    uint64_t alignment;    /* bytes, a power of two; 0: any */
    uint32_t slot;
    uint32_t op; /* TraceOp; TRACE_RARE: all blocks are free; TRACE_OPS: that was all */
} Call;

enum { CALLS = 2048 }; /* that are told at a time */

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

static void *alloc(const Call *call)
{
    void *block = NULL;
    size_t alignment = (size_t)call->alignment;

    if (call->op == TRACE_CALLOC) {
        return calloc(1, (size_t)call->size);
    }
    if (alignment <= sizeof(void *)) {
        return malloc((size_t)call->size);
    }
    return posix_memalign(&block, alignment, (size_t)call->size) == 0 ? block : NULL;
}

/* A request of 0 bytes may be answered by NULL. */
static bool request(Blocks *blocks, const Call *call, Rival *rival)
{
    void **block = &blocks->blocks[call->slot];
    size_t before = call->op == TRACE_RESIZE ? (size_t)call->before : 0;
    uint64_t begin = now();
    void *result = call->op == TRACE_RESIZE
                       ? realloc(*block, call->size == 0 ? 1 : (size_t)call->size)
                       : alloc(call);
    uint64_t time = now() - begin;

    histogram_add(&rival->latency, time);
    rival->ns += time;
    if (result == NULL && call->size != 0) {
        return false;
    }
    *block = result;
    touch(blocks, result, before, (size_t)call->size);
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

static bool play(Blocks *blocks, const Call *call, Rival *rival)
{
    rival->calls += call->op <= TRACE_FREE;
    switch (call->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
    case TRACE_RESIZE:
        return request(blocks, call, rival);
    case TRACE_FREE:
        give(blocks, call->slot, rival);
        return true;
    case TRACE_RARE:
        reset(blocks);
        return true;
    default:
        return true;
    }
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

/* ------------------------------------------------------------------------------------------------
 * The process
 * --------------------------------------------------------------------------------------------- */

/* What both processes see. */
typedef struct Shared {
    size_t slots; /* of the trace, at least; written before the first call */
    Rival rival;
} Shared;

struct RivalProcess {
    pid_t child;
    int pipe; /* calls are written to it; its end is theirs */
    Shared *shared;
};

/* Reads calls, and plays them. Nothing else in this process asks malloc() for memory. */
static void play_all(int pipe, Shared *shared)
{
    static Call calls[CALLS];
    Blocks blocks = {.page = pages_size(), .statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
    uint64_t before = 0;
    ssize_t got;
    bool ended = false;
    size_t kept = 0; /* bytes of a call that is not there whole */

    memset(calls, 0, sizeof calls);
    while (!ended && (got = read(pipe, (char *)calls + kept, sizeof calls - kept)) > 0) {
        size_t bytes = kept + (size_t)got;

        if (blocks.blocks == NULL) {
            blocks.slots = shared->slots;
            blocks.blocks = map(blocks.slots * sizeof *blocks.blocks);
            before = resident(&blocks);
        }
        for (size_t i = 0; i < bytes / sizeof *calls && !ended; i++) {
            ended = calls[i].op == TRACE_OPS;
            if (shared->rival.failed) {
                continue;
            }
            shared->rival.failed = !play(&blocks, &calls[i], &shared->rival);
            if (i % LOOK == 0) {
                look(&blocks, before, &shared->rival);
            }
        }
        kept = bytes % sizeof *calls;
        memmove(calls, (char *)calls + bytes - kept, kept);
    }
    if (blocks.blocks != NULL) {
        look(&blocks, before, &shared->rival);
    }
}

RivalProcess *rival_start(void)
{
    RivalProcess *process = map(sizeof *process);
    int ends[2];

    process->shared = map(sizeof *process->shared);
    if (pipe2(ends, O_CLOEXEC) != 0 || (process->child = fork()) < 0) {
        fail();
    }
    if (process->child == 0) {
        close(ends[1]);
        play_all(ends[0], process->shared);
        _exit(STATUS_CARRIED);
    }
    close(ends[0]);
    process->pipe = ends[1];
    return process;
}

static Call call_of(const TraceEvent *event)
{
    return (Call){.size = event->size,
                  .before = event->op == TRACE_RESIZE ? event->block.size : 0,
                  .alignment = event->alignment,
                  .slot = event->slot,
                  .op = (uint32_t)event->op};
}

/* Writes calls to the process. */
static void tell(const RivalProcess *process, const Call *calls, size_t count)
{
    const char *bytes = (const char *)calls;
    size_t left = count * sizeof *calls;

    while (left != 0) {
        ssize_t written = write(process->pipe, bytes, left);

        if (written < 0 && errno != EINTR) {
            fail();
        }
        bytes += written > 0 ? written : 0;
        left -= written > 0 ? (size_t)written : 0;
    }
}

static bool is_played(const TraceEvent *event)
{
    return event->op <= TRACE_FREE ||
           (event->op == TRACE_RARE &&
            (event->rare == TRACE_REGION_ENDS || event->rare == TRACE_REGION_RESET));
}

static void tell_all(RivalProcess *process, const TrialTrace *trace)
{
    static Call calls[CALLS];
    Pass pass = pass_begin(trace->trace, trace->region, "malloc()");
    TraceEvent event;
    size_t count = 0;

    while (pass_next(&pass, &event)) {
        if (is_played(&event)) {
            calls[count++] = call_of(&event);
        }
        if (count == CALLS) {
            tell(process, calls, count);
            count = 0;
        }
    }
    calls[count++] = (Call){.op = TRACE_OPS};
    tell(process, calls, count);
    pass_end(&pass);
}

Rival rival_finish(RivalProcess *process, const TrialTrace *trace)
{
    int status = 0;

    process->shared->slots = trace_slots(trace->trace) + 1;
    tell_all(process, trace);
    close(process->pipe);
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
