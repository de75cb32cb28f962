/* SPDX-License-Identifier: MIT
 *
 * Raw traces: chunks of threads, in any order in the file, are read merged, and stay the same when
 * compressed. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/compress.h"
#include "threads-model.h"
#include "trace-file.h"

enum { CHUNK = 100 }; /* records */

static char path[64];
static char copy_path[64];
static Sim sim;

static void begin_file(TestFile *file)
{
    TraceHeader header = {.magic = TRACE_MAGIC,
                          .version_major = TRACE_VERSION_MAJOR,
                          .header_bytes = sizeof header,
                          .start = 4711};

    file->bytes = malloc(sizeof header);
    ck_assert_ptr_nonnull(file->bytes);
    file->size = 0;
    file_insert(file, 0, &header, sizeof header);
}

/* Appends a chunk of a thread's records, starting with one. */
static void append_chunk(TestFile *file, uint32_t thread, size_t first)
{
    size_t left = sim.threads[thread].count - first;
    TraceChunk chunk = {
        .thread = thread,
        .clock = TRACE_CLOCK_NS,
        .sequence = first / CHUNK,
        .ticks = 1000 + first,
        .ns = 1000 + first,
        .used = (uint32_t)((left < CHUNK ? left : CHUNK) * sizeof(TraceRaw)),
    };

    file_append_chunk(file, &chunk, sim.threads[thread].records + first);
}

/* Writes all records. Threads take turns at random; with disorder, a thread's chunks change places, too. */
static void write_raw(bool disorder)
{
    Random random = {.state = 3};
    SimOptions options = {.seed = 5, .tick = 1, .delay = 50};
    size_t given[SIM_THREADS] = {0};
    size_t left = 0;
    TestFile file;

    sim_run(&sim, &options);
    begin_file(&file);
    for (uint32_t i = 0; i < SIM_THREADS; i++) {
        left += sim.threads[i].count;
    }
    while (left > 0) {
        uint32_t thread = (uint32_t)random_below(&random, SIM_THREADS);
        size_t first = given[thread];
        size_t end = first + CHUNK;

        if (first >= sim.threads[thread].count) {
            continue;
        }
        if (disorder && end + CHUNK <= sim.threads[thread].count) {
            append_chunk(&file, thread, end);
            left -= CHUNK;
            end += CHUNK;
        }
        append_chunk(&file, thread, first);
        end = end < sim.threads[thread].count ? end : sim.threads[thread].count;
        left -= end - first > CHUNK ? CHUNK : end - first;
        given[thread] = end;
    }
    file_write(&file, path);
    file_free(&file);
}

static Trace *open_trace(const char *name)
{
    TraceError error;
    Trace *trace = trace_open(name, &error);

    ck_assert_msg(trace != NULL, "%s", error.text);
    return trace;
}

/* Reads all events: each is of the operation whose number is its caller's address, and of the same
 * block. */
static void read_trace(Trace *trace)
{
    static uint64_t blocks[SIM_OPERATIONS]; /* what those of the trace truly are */
    TraceError error;
    TraceEvent event;
    size_t count = 0;
    int found;

    while ((found = trace_next(trace, &event, &error)) == 1) {
        uint64_t operation = trace_caller(trace, event.caller).address;
        const SimOperation *truly = &sim.operations[operation - 1];

        ck_assert_uint_le(operation, sim.count);
        ck_assert_uint_eq(event.op, truly->op);
        ck_assert_uint_eq(event.thread, truly->thread);
        if (event.op == TRACE_ALLOC) {
            blocks[event.block.number] = truly->block;
        }
        ck_assert_uint_eq(blocks[event.block.number], truly->block);
        count++;
    }
    ck_assert_msg(found == 0, "%s", error.text);
    ck_assert_uint_eq(count, sim.count);
    ck_assert_uint_eq(trace_events(trace), count);
}

START_TEST(chunks_are_merged)
{
    Trace *trace;

    write_raw(_i != 0);
    trace = open_trace(path);
    ck_assert(!trace_is_complete(trace));
    read_trace(trace);
    ck_assert_double_eq(trace_progress(trace), 1);
    trace_rewind(trace);
    read_trace(trace);
    trace_close(trace);
}
END_TEST

START_TEST(a_copy_is_the_same)
{
    TraceError error;
    Trace *trace;

    write_raw(false);
    trace = open_trace(path);
    ck_assert_msg(compress_trace(trace, copy_path, NULL, NULL, &error), "%s", error.text);
    ck_assert(!compress_trace(trace, path, NULL, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "is the trace itself"));
    trace_close(trace);
    trace = open_trace(copy_path);
    ck_assert(trace_is_complete(trace));
    ck_assert_uint_eq(trace_start(trace), 4711);
    read_trace(trace);
    trace_close(trace);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
    TraceError error;
    Trace *trace;

    if (access("/dev/full", W_OK) != 0) {
        return;
    }
    write_raw(false);
    trace = open_trace(path);
    ck_assert(!compress_trace(trace, "/dev/full", NULL, NULL, &error));
    ck_assert_str_eq(error.text, "/dev/full: No space left on device");
    trace_close(trace);
    ck_assert_int_eq(access("/dev/full", F_OK), 0);
}
END_TEST

/* Changes of the second chunk, and the resulting errors. */
static const struct {
    size_t place; /* in the frame */
    unsigned char byte;
    const char *words;
} damages[] = {
    {offsetof(TraceFrame, kind), TRACE_EVENTS, "merged events amid a thread's"},
    {offsetof(TraceFrame, compression), TRACE_ZSTD, "events of a thread are compressed"},
    {sizeof(TraceFrame) + offsetof(TraceChunk, clock), 9, "an unknown clock"},
    {sizeof(TraceFrame) + offsetof(TraceChunk, clock), TRACE_CLOCK_TSC, "another clock"},
    {sizeof(TraceFrame) + offsetof(TraceChunk, used), 1, "wrong size"},
    {sizeof(TraceFrame) + offsetof(TraceChunk, used) + 3, 1, "wrong size"},
    {offsetof(TraceFrame, checksum), 1, "wrong checksum"},
    {sizeof(TraceFrame) + sizeof(TraceChunk) + 24 + 6, 0x0f, "an unknown kind"},
};

START_TEST(damage_is_told)
{
    size_t second = sizeof(TraceHeader) + sizeof(TraceFrame) + sizeof(TraceChunk) +
                    CHUNK * sizeof(TraceRaw);
    TraceError error = {""};
    TraceEvent event;
    TestFile file;
    Trace *trace;

    write_raw(false);
    file = file_read(path);
    file.bytes[second + damages[_i].place] = damages[_i].byte;
    file_write(&file, path);
    file_free(&file);
    trace = trace_open(path, &error);
    while (trace != NULL && trace_next(trace, &event, &error) == 1) {
    }
    trace_close(trace);
    ck_assert_msg(strstr(error.text, damages[_i].words) != NULL, "%s", error.text);
    ck_assert_ptr_nonnull(strstr(error.text, " at byte "));
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("trace-raw");
    int status;

    snprintf(path, sizeof path, "trace-raw.%ld.trace", (long)getpid());
    snprintf(copy_path, sizeof copy_path, "trace-raw.%ld.copy", (long)getpid());
    tcase_add_loop_test(tests, chunks_are_merged, 0, 2);
    tcase_add_test(tests, a_copy_is_the_same);
    tcase_add_test(tests, a_full_disk_is_told);
    tcase_add_loop_test(tests, damage_is_told, 0, sizeof damages / sizeof damages[0]);
    status = support_end();
    unlink(path);
    unlink(copy_path);
    return status;
}
