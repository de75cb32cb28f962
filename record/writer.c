/* SPDX-License-Identifier: MIT */
#include "record/writer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "record/futex.h"
#include "record/stamp.h"
#include "replay/merge.h"
#include "replay/trace-write.h"

enum {
    PAUSE = 20,           /* ms after which the writer looks by itself */
    THREADS_MAX = 1 << 24 /* more than that are a sign that the program has written to the memory */
};

/* What the writer has read of a chunk. */
typedef struct Reading {
    uint32_t used;  /* bytes of records, as of `used` of the chunk */
    uint32_t spans; /* that the merger has not read yet */
    bool is_over;   /* all is read that the chunk will ever have */
} Reading;

typedef struct Writer {
    SharedPool *pool;
    int program; /* as in WriterJob */
    TraceWriter *file;
    Merge *merge;
    uint32_t *sequences; /* by thread: of the chunk that is read next */
    size_t threads;      /* for so many there is room */
    uint32_t informed;   /* pool->images when the file was told of the program */
    const char *wrong;   /* why the trace can't go on; NULL: it can, or the file says why */
    Reading readings[POOL_CHUNKS];
} Writer;

/* ------------------------------------------------------------------------------------------------
 * Chunks
 * --------------------------------------------------------------------------------------------- */

static void free_chunk(Writer *writer, size_t index)
{
    SharedPool *pool = writer->pool;

    writer->readings[index] = (Reading){.used = 0};
    __atomic_store_n(&pool->states[index], POOL_FREE, __ATOMIC_RELEASE);
    __atomic_add_fetch(&pool->read, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&pool->waiting, __ATOMIC_SEQ_CST) != 0) {
        futex_wake(&pool->read);
    }
}

static void free_if_over(Writer *writer, size_t index)
{
    const Reading *reading = &writer->readings[index];

    if (reading->is_over && reading->spans == 0) {
        free_chunk(writer, index);
    }
}

/* Called by the merger: it has read a span of a chunk. */
static void span_done(void *context, void *span)
{
    Writer *writer = context;
    Reading *reading = span;

    reading->spans--;
    free_if_over(writer, (size_t)(reading - writer->readings));
}

static bool fail(Writer *writer, const char *why)
{
    writer->wrong = why;
    return false;
}

/* The number of the chunk that a thread is read from next. NULL: there is no memory for it. */
static uint32_t *sequence_of(Writer *writer, uint32_t thread)
{
    if (thread >= writer->threads) {
        size_t threads = ((size_t)thread + 64) * 2;
        uint32_t *sequences = realloc(writer->sequences, threads * sizeof *sequences);

        if (sequences == NULL) {
            return NULL;
        }
        memset(sequences + writer->threads, 0, (threads - writer->threads) * sizeof *sequences);
        writer->sequences = sequences;
        writer->threads = threads;
    }
    return &writer->sequences[thread];
}

/* Gives the merger what is new in a chunk. */
static bool read_records(Writer *writer, size_t index)
{
    TraceChunk *chunk = pool_chunk(writer->pool, index);
    Reading *reading = &writer->readings[index];
    uint32_t used = __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE);
    const char *records = (const char *)(chunk + 1) + reading->used;
    size_t count;

    if (used > POOL_CHUNK - sizeof *chunk || used < reading->used || used % sizeof(TraceRaw) != 0) {
        return fail(writer, "the program has overwritten what was recorded");
    }
    count = (used - reading->used) / sizeof(TraceRaw);
    if (reading->used == 0) {
        merge_clock(writer->merge, chunk->ticks, chunk->ns, chunk->frequency);
    }
    if (count > 0) {
        reading->used = used;
        reading->spans++;
        if (!merge_add(writer->merge, chunk->thread, (const TraceRaw *)(const void *)records, count,
                       reading)) {
            return fail(writer, "there is no memory to bring it into order");
        }
    }
    return true;
}

/* Reads a chunk if it is its thread's turn. again: its thread may have another one. */
static bool read_chunk(Writer *writer, size_t index, bool *again)
{
    PoolState state = (PoolState)__atomic_load_n(&writer->pool->states[index], __ATOMIC_ACQUIRE);
    TraceChunk *chunk = pool_chunk(writer->pool, index);
    Reading *reading = &writer->readings[index];
    uint32_t *sequence;

    if ((state != POOL_IN_USE && state != POOL_FULL) || reading->is_over) {
        return true;
    }
    if (chunk->thread >= THREADS_MAX) {
        return fail(writer, "the program has overwritten what was recorded");
    }
    sequence = sequence_of(writer, chunk->thread);
    if (sequence == NULL) {
        return fail(writer, "there is no memory to bring it into order");
    }
    if (chunk->sequence != *sequence) {
        return true;
    }
    if (!read_records(writer, index)) {
        return false;
    }
    if (state == POOL_FULL) {
        ++*sequence;
        reading->is_over = *again = true;
        free_if_over(writer, index);
    }
    return true;
}

/* Reads all chunks, each thread's in turn. */
static bool read_chunks(Writer *writer)
{
    bool again;

    do {
        again = false;
        for (size_t i = 0; i < POOL_CHUNKS; i++) {
            if (!read_chunk(writer, i, &again)) {
                return false;
            }
        }
    } while (again);
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * The file
 * --------------------------------------------------------------------------------------------- */

static uint32_t number_of_caller(void *context, uint64_t address, uint32_t parent)
{
    return trace_write_caller(((Writer *)context)->file, address, parent);
}

/* Writes what the program has told of itself, when it has; anew if it became another one. */
static bool write_info(Writer *writer)
{
    SharedPool *pool = writer->pool;
    uint32_t info = __atomic_load_n(&pool->info, __ATOMIC_ACQUIRE);
    uint32_t images = __atomic_load_n(&pool->images, __ATOMIC_RELAXED);
    static char text[POOL_INFO + 1];
    char *rest = text;
    char *line;

    if (info == 0 || images == writer->informed) {
        return true;
    }
    writer->informed = images;
    memcpy(text, pool->text, info - 1 < POOL_INFO ? info - 1 : POOL_INFO);
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *value = strchr(line, '=');

        if (value != NULL) {
            *value++ = '\0';
            if (!trace_write_info(writer->file, line, value)) {
                return false;
            }
        }
    }
    return true;
}

static bool write_events(Writer *writer, uint64_t until)
{
    TraceEvent event;
    const char *why = NULL;
    int result;

    while ((result = merge_next(writer->merge, until, &event)) == 1) {
        if (!trace_write(writer->file, &event)) {
            return false;
        }
    }
    if (result < 0) {
        merge_wrong(writer->merge, &why);
        return fail(writer, why != NULL ? why : "there is no memory to bring it into order");
    }
    return true;
}

static bool is_over(const Writer *writer)
{
    struct pollfd program = {.fd = writer->program, .events = POLLIN};

    return __atomic_load_n(&writer->pool->ending, __ATOMIC_ACQUIRE) != 0 ||
           poll(&program, 1, 0) > 0;
}

/* Sleeps until there is more to read, for a while. */
static void sleep_for_a_while(SharedPool *pool)
{
    uint32_t handed_in = __atomic_load_n(&pool->handed_in, __ATOMIC_SEQ_CST);

    __atomic_store_n(&pool->sleeping, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&pool->waiting, __ATOMIC_SEQ_CST) == 0 &&
        __atomic_load_n(&pool->ending, __ATOMIC_SEQ_CST) == 0 &&
        handed_in - __atomic_load_n(&pool->read, __ATOMIC_SEQ_CST) < POOL_WAKE) {
        futex_wait(&pool->handed_in, handed_in, PAUSE);
    }
    __atomic_store_n(&pool->sleeping, 0, __ATOMIC_SEQ_CST);
}

/* Reads and writes once. The clock is read before the chunks: see merge.h. */
static bool write_round(Writer *writer, uint64_t until)
{
    return read_chunks(writer) && write_info(writer) && write_events(writer, until);
}

static bool write_all(Writer *writer)
{
    bool last = false;

    while (!last) {
        last = is_over(writer);
        if (!write_round(writer, last ? UINT64_MAX : stamp_after())) {
            return false;
        }
        if (!last) {
            sleep_for_a_while(writer->pool);
        }
    }
    return true;
}

static void tell_end(SharedPool *pool, PoolWriter state)
{
    __atomic_store_n(&pool->state, state, __ATOMIC_SEQ_CST);
    futex_wake(&pool->state);
    futex_wake(&pool->read);
}

static bool begin(Writer *writer, const WriterJob *job, TraceError *error)
{
    const MergeUser user = {writer, number_of_caller, span_done};
    uint64_t now = stamp_ns() - job->pool->start;

    *writer = (Writer){.pool = job->pool, .program = job->program};
    writer->file = trace_create_fd(job->file, job->path, stamp_date() - now, error);
    writer->merge = merge_create(&user);
    if (writer->file != NULL && writer->merge == NULL) {
        snprintf(error->text, sizeof error->text, "%s: there is no memory", job->path);
    }
    return writer->file != NULL && writer->merge != NULL;
}

/* Finishes the file, also if something went wrong. Returns whether nothing did. */
static bool finish(Writer *writer, const WriterJob *job, TraceError *error)
{
    bool done = trace_finish(writer->file, error);

    merge_destroy(writer->merge);
    free(writer->sequences);
    if (done && writer->wrong != NULL) {
        snprintf(error->text, sizeof error->text, "%s: %s", job->path, writer->wrong);
        done = false;
    }
    return done;
}

bool writer_run(const WriterJob *job)
{
    static Writer writer;
    TraceError error = {""};
    bool done = begin(&writer, job, &error);

    if (done) {
        write_all(&writer);
        done = finish(&writer, job, &error);
    }
    if (!done) {
        fprintf(stderr, "memrun: %s; the program goes on unrecorded\n", error.text);
    }
    tell_end(job->pool, done ? POOL_DONE : POOL_FAILED);
    return done;
}
