/* SPDX-License-Identifier: MIT
 *
 * Traces: written events are read again, from complete and from truncated files. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/trace-write.h"
#include "trace-file.h"

enum { USUAL = 200000, EVENTS_OF_FRAMES = 150000, LIVE_MAX = 5000, NODES = 300 };

static char path[64];

/* The expected properties of a block. */
typedef struct Known {
    uint64_t number, size, born, born_time;
    uint32_t caller, thread, region;
} Known;

/* Events at random, the same for the same seed. */
typedef struct Source {
    Random random;
    Known live[LIVE_MAX];
    size_t count;         /* of live blocks */
    uint64_t allocations; /* so far */
    uint64_t events;
    uint64_t time;
    Known before; /* the block of the last event, before it */
} Source;

static void source_begin(Source *source)
{
    *source = (Source){.random = {.state = 7}};
}

static void source_allocate(Source *source, TraceEvent *event)
{
    event->op = random_below(&source->random, 4) == 0 ? TRACE_CALLOC : TRACE_ALLOC;
    event->size = random_scaled(&source->random, SIZE_MAX);
    if (random_below(&source->random, 50) == 0) {
        event->alignment = UINT64_C(1) << random_below(&source->random, 63);
    }
    source->before = (Known){.number = source->allocations++,
                             .size = event->size,
                             .born = source->events,
                             .born_time = event->time,
                             .caller = event->caller,
                             .thread = event->thread,
                             .region = event->region};
    source->live[source->count++] = source->before;
}

static void source_use(Source *source, TraceEvent *event)
{
    size_t place = random_below(&source->random, source->count);
    Known *known = &source->live[place];

    source->before = *known;
    event->block.number = known->number;
    event->region = known->region;
    switch (random_below(&source->random, 8)) {
    case 0:
        event->op = TRACE_NOT_RESIZED;
        event->size = SIZE_MAX;
        return;
    case 1:
    case 2:
        event->op = TRACE_RESIZE;
        known->size = event->size = random_scaled(&source->random, 100000);
        known->caller = event->caller;
        return;
    default:
        event->op = TRACE_FREE;
        *known = source->live[--source->count];
    }
}

static void source_rare(Source *source, TraceEvent *event)
{
    static const char *const texts[] = {"", "a", "some text", NULL};

    event->op = TRACE_RARE;
    event->caller = 0;
    event->rare = random_below(&source->random, 2) == 0 ? TRACE_THREAD_BEGINS : TRACE_LOST;
    event->a = random_next(&source->random);
    event->b = random_scaled(&source->random, 1000);
    event->text = texts[random_below(&source->random, 4)];
}

static TraceEvent source_next(Source *source)
{
    TraceEvent event = {.thread = (uint32_t)random_below(&source->random, 3),
                        .region = (uint32_t)random_below(&source->random, 2),
                        .caller = (uint32_t)random_below(&source->random, NODES + 1)};
    size_t what = random_below(&source->random, 100);

    source->time += random_below(&source->random, 3) * random_scaled(&source->random, 1000);
    event.time = source->time;
    if (what == 0) {
        source_rare(source, &event);
    } else if (what == 1) {
        event.op = TRACE_FAILED;
        event.size = SIZE_MAX - 1;
    } else if (source->count == 0 || (what < 50 && source->count < LIVE_MAX)) {
        source_allocate(source, &event);
    } else {
        source_use(source, &event);
    }
    event.number = source->events++;
    return event;
}

static void check_block(const TraceBlock *block, const Known *known)
{
    ck_assert_uint_eq(block->number, known->number);
    ck_assert_uint_eq(block->size, known->size);
    ck_assert_uint_eq(block->born, known->born);
    ck_assert_uint_eq(block->born_time, known->born_time);
    ck_assert_uint_eq(block->caller, known->caller);
    ck_assert_uint_eq(block->thread, known->thread);
    ck_assert_uint_eq(block->region, known->region);
}

static void check_event(const TraceEvent *event, const TraceEvent *wanted, const Source *source)
{
    ck_assert_uint_eq(event->number, wanted->number);
    ck_assert_uint_eq(event->time, wanted->time);
    ck_assert_uint_eq(event->op, wanted->op);
    ck_assert_uint_eq(event->thread, wanted->thread);
    ck_assert_uint_eq(event->region, wanted->region);
    ck_assert_uint_eq(event->caller, wanted->caller);
    ck_assert_uint_eq(event->size, wanted->size);
    ck_assert_uint_eq(event->alignment, wanted->alignment > 1 ? wanted->alignment : 0);
    if (event->op == TRACE_RARE) {
        ck_assert_uint_eq(event->rare, wanted->rare);
        ck_assert_uint_eq(event->a, wanted->a);
        ck_assert_uint_eq(event->b, wanted->b);
        ck_assert_str_eq(event->text, wanted->text == NULL ? "" : wanted->text);
    } else if (event->op != TRACE_FAILED) {
        check_block(&event->block, &source->before);
    }
}

/* Turns a complete file into that of a killed program. */
static void cut_off_index(void)
{
    TestFile file = file_read(path);
    TraceEnd end;

    memcpy(&end, file.bytes + file.size - sizeof end, sizeof end);
    file.size = (size_t)end.index;
    file_write(&file, path);
    file_free(&file);
}

/* Writes `events` events, and ends the trace, or leaves it as a killed program does. */
static void write_trace(uint64_t events, bool finish)
{
    static Source source;
    TraceError error;
    TraceWriter *writer = trace_create(path, 1234567890, &error);

    ck_assert_msg(writer != NULL, "%s", error.text);
    ck_assert(trace_write_info(writer, "program", "a program\nof two lines"));
    ck_assert(trace_write_info(writer, "arguments", ""));
    for (uint32_t node = 1; node <= NODES; node++) {
        ck_assert_uint_eq(trace_write_caller(writer, 0x400000 + node * 16, node / 2), node);
        ck_assert_uint_eq(trace_write_caller(writer, 0x400000 + node * 16, node / 2), node);
    }
    source_begin(&source);
    while (source.events < events) {
        TraceEvent event = source_next(&source);

        ck_assert(trace_write(writer, &event));
        ck_assert_uint_eq(event.number, source.events - 1);
    }
    ck_assert(trace_finish(writer, &error));
    if (!finish) {
        cut_off_index();
    }
}

/* Reads all events, which are the first ones of the source. Returns how many there are. */
static uint64_t read_prefix(Trace *trace)
{
    static Source source;
    TraceError error;
    TraceEvent event;
    int found;

    source_begin(&source);
    while ((found = trace_next(trace, &event, &error)) == 1) {
        TraceEvent wanted = source_next(&source);

        check_event(&event, &wanted, &source);
        ck_assert_uint_le(source.count, trace_slots(trace));
    }
    ck_assert_msg(found == 0, "%s", error.text);
    for (uint32_t slot = 0; slot < trace_slots(trace); slot++) {
        source.count -= trace_live(trace, slot) != NULL;
    }
    ck_assert_uint_eq(source.count, 0);
    return source.events;
}

static uint64_t read_events(Trace *trace)
{
    uint64_t events = read_prefix(trace);

    ck_assert_uint_eq(trace_events(trace), events);
    return events;
}

static Trace *open_trace(void)
{
    TraceError error;
    Trace *trace = trace_open(path, &error);

    ck_assert_msg(trace != NULL, "%s", error.text);
    return trace;
}

START_TEST(what_is_written_is_read)
{
    size_t events = support_operations(USUAL);
    Trace *trace;

    write_trace(events, true);
    trace = open_trace();
    ck_assert(trace_is_complete(trace));
    ck_assert_uint_eq(trace_events(trace), events);
    ck_assert_str_eq(trace_info(trace, "program"), "a program of two lines");
    ck_assert_str_eq(trace_info(trace, "arguments"), "");
    ck_assert_ptr_null(trace_info(trace, "prog"));
    ck_assert_uint_eq(read_events(trace), events);
    ck_assert_uint_eq(trace_callers(trace), NODES + 1);
    ck_assert_uint_eq(trace_caller(trace, 7).address, 0x400000 + 7 * 16);
    ck_assert_uint_eq(trace_caller(trace, 7).parent, 3);
    trace_rewind(trace);
    ck_assert_uint_eq(read_events(trace), events);
    ck_assert_uint_eq(trace_callers(trace), NODES + 1);
    ck_assert_str_eq(trace_info(trace, "program"), "a program of two lines");
    trace_close(trace);
}
END_TEST

/* Opens a file that is no trace, or reads it up to an error, and looks for words in the error's
 * text. */
static void expect_error(const TestFile *file, const char *words)
{
    TraceError error = {""};
    TraceEvent event;
    Trace *trace;

    file_write(file, path);
    trace = trace_open(path, &error);
    if (trace != NULL) {
        int found;

        while ((found = trace_next(trace, &event, &error)) == 1) {
        }
        ck_assert_int_eq(found, -1);
        trace_close(trace);
    }
    ck_assert_msg(strncmp(error.text, path, strlen(path)) == 0, "without the file: %s", error.text);
    ck_assert_msg(strstr(error.text, words) != NULL, "'%s' is not in: %s", words, error.text);
}

/* A killed program leaves a file that ends anywhere: its complete frames are read. */
START_TEST(what_was_killed_is_read_up_to_its_end)
{
    uint64_t last = 0;
    TestFile whole;

    write_trace(EVENTS_OF_FRAMES, false);
    whole = file_read(path);
    for (size_t size = sizeof(TraceHeader); size <= whole.size; size += 1 + whole.size / 97) {
        TestFile cut = {.bytes = whole.bytes, .size = size};
        uint64_t events;
        Trace *trace;

        file_write(&cut, path);
        trace = open_trace();
        ck_assert(!trace_is_complete(trace));
        ck_assert_uint_eq(trace_events(trace), 0);
        events = read_prefix(trace);
        ck_assert_uint_ge(events, last);
        ck_assert_uint_eq(trace_events(trace), events);
        last = events;
        trace_close(trace);
    }
    ck_assert_uint_gt(last, 0);
    file_free(&whole);
}
END_TEST

START_TEST(room_that_was_not_used_is_the_end)
{
    static const char nothing[4096];
    TestFile file;
    Trace *trace;

    write_trace(1000, false);
    file = file_read(path);
    file_insert(&file, file.size, nothing, sizeof nothing);
    file_write(&file, path);
    trace = open_trace();
    ck_assert_uint_eq(read_events(trace), 1000);
    trace_close(trace);
    file_free(&file);
}
END_TEST

START_TEST(later_versions_are_read)
{
    TraceFrame unknown = {
        .magic = TRACE_FRAME_MAGIC, .kind = 200, .stored = 16, .bytes = 16, .events = 3};
    uint64_t longer = 0;
    TestFile file;
    Trace *trace;

    write_trace(1000, false);
    file = file_read(path);
    file_insert(&file, sizeof(TraceHeader), &unknown, 16);
    file_insert(&file, sizeof(TraceHeader), &unknown, sizeof unknown);
    file_insert(&file, sizeof(TraceHeader), &longer, sizeof longer);
    file.bytes[offsetof(TraceHeader, version_minor)] = 9;
    file.bytes[offsetof(TraceHeader, header_bytes)] += (unsigned char)sizeof longer;
    file_write(&file, path);
    trace = open_trace();
    ck_assert_uint_eq(read_events(trace), 1000);
    trace_close(trace);
    file.bytes[offsetof(TraceHeader, version_major)] = 2;
    expect_error(&file, "version 2 at byte 8");
    file.bytes[offsetof(TraceHeader, version_major)] = 0;
    file.bytes[offsetof(TraceHeader, version_major) + 1] = 1;
    expect_error(&file, "other order of bytes");
    file_free(&file);
}
END_TEST

START_TEST(damage_is_told_with_its_byte)
{
    enum { FRAME = sizeof(TraceHeader), END = sizeof(TraceEnd) };
    char words[64];
    TestFile file;

    write_trace(1000, true);
    file = file_read(path);
    snprintf(words, sizeof words, "checksum of the frame at byte %d", FRAME);
    file.bytes[FRAME + sizeof(TraceFrame)] ^= 1;
    expect_error(&file, words);
    file.bytes[FRAME + sizeof(TraceFrame)] ^= 1;
    file.bytes[FRAME] ^= 1;
    expect_error(&file, "no frame begins at byte 24");
    file.bytes[FRAME] ^= 1;
    file.bytes[FRAME + offsetof(TraceFrame, stored) + 3] = 0xff;
    expect_error(&file, "at byte 32");
    file.bytes[FRAME + offsetof(TraceFrame, stored) + 3] = 0;
    file.bytes[FRAME + offsetof(TraceFrame, stored) + 2] = 0xff;
    file.bytes[FRAME + offsetof(TraceFrame, bytes) + 2] = 0xff;
    expect_error(&file, "the frame at byte 24 is cut off");
    file.bytes[FRAME + offsetof(TraceFrame, stored) + 2] = 0;
    file.bytes[FRAME + offsetof(TraceFrame, bytes) + 2] = 0;
    snprintf(words, sizeof words, "the index is not where byte %zu says", file.size - END);
    file.bytes[file.size - END] ^= 8;
    expect_error(&file, words);
    file.size = 10;
    expect_error(&file, "only 10 bytes");
    file_free(&file);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("trace-file");
    int status;

    snprintf(path, sizeof path, "trace-file.%ld.trace", (long)getpid());
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, what_was_killed_is_read_up_to_its_end);
    tcase_add_test(tests, room_that_was_not_used_is_the_end);
    tcase_add_test(tests, later_versions_are_read);
    tcase_add_test(tests, damage_is_told_with_its_byte);
    status = support_end();
    unlink(path);
    return status;
}
