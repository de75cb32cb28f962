/* SPDX-License-Identifier: MIT
 *
 * Mem_RegionDump to streams that wait for users of the region, and in threads that are cancelled
 * there. Check ends a test that hangs. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dumped.h"
#include "json.h"

/* A dump is longer than the buffer of a pipe. */
enum { SIZE = 1 << 18, BLOCKS = 3000, PIPE = 1 << 16 };

static Bed open_filled(int kind)
{
    Bed bed = bed_open((Kind)kind, SIZE);
    void *last = NULL;

    for (size_t i = 0; i < BLOCKS; i++) {
        void *block = Mem_RegionAlloc(bed.region, 16 + i % 4 * 8);

        if (i % 4 == 0) {
            Mem_RegionFree(bed.region, last);
        }
        last = block;
    }
    checked_sound(&bed);
    return bed;
}

/* The totals of a complete list of blocks. */
typedef struct Whole {
    uint64_t next; /* where the next block must begin */
    uint64_t blocks, in_use, free_blocks;
    bool consistent;
} Whole;

static void read_value(const JsonValue *value, void *context)
{
    Whole *whole = context;

    if (strcmp(value->path, "blocks[].offset") == 0) {
        ck_assert_uint_eq(value->number, whole->next);
    } else if (strcmp(value->path, "blocks[].size") == 0) {
        whole->next += value->number;
        whole->blocks++;
    } else if (strcmp(value->path, "blocks_in_use") == 0) {
        whole->in_use = value->number;
    } else if (strcmp(value->path, "blocks_free") == 0) {
        whole->free_blocks = value->number;
    } else if (strcmp(value->path, "consistent") == 0) {
        whole->consistent = value->number != 0;
    }
}

/* Verifies that the JSON is of one moment: the blocks cover the region, and are as many as it
 * says. */
static void verify_json(const Bed *bed, const char *text)
{
    Whole whole = {.next = 0};

    ck_assert(json_read(text, read_value, &whole));
    ck_assert(whole.consistent);
    ck_assert_uint_eq(whole.next, bed->capacity);
    ck_assert_uint_eq(whole.blocks, whole.in_use + whole.free_blocks);
}

/* ------------------------------------------------------------------------------------------------
 * Streams with functions of the program
 * --------------------------------------------------------------------------------------------- */

typedef struct Cookie {
    Bed *bed;
    size_t writes;
    bool waits;
    bool is_there; /* a thread waits in a write */
    char *text;
    size_t length;
} Cookie;

static void *use(void *argument)
{
    const Bed *bed = argument;

    ck_assert_int_eq(Mem_RegionFree(bed->region, Mem_RegionAlloc(bed->region, 500)), 0);
    ck_assert_int_eq(Mem_RegionCheck(bed->region), 0);
    return NULL;
}

static void use_in_thread(Bed *bed)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, use, bed), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* Uses the region, and keeps a block of it, so that later output could differ. */
static ssize_t write_and_use(void *argument, const char *text, size_t size)
{
    Cookie *cookie = argument;

    if (cookie->writes++ % 16 == 0) {
        use(cookie->bed);
        use_in_thread(cookie->bed);
    }
    Mem_RegionAlloc(cookie->bed->region, 8);
    memcpy(cookie->text + cookie->length, text, size);
    cookie->length += size;
    return (ssize_t)size;
}

/* A stream that writes often. */
static FILE *open_stream(Cookie *cookie, cookie_write_function_t *write_text)
{
    static char buffer[256];
    cookie_io_functions_t functions = {.write = write_text};
    FILE *stream = fopencookie(cookie, "w", functions);

    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(setvbuf(stream, buffer, _IOFBF, sizeof buffer), 0);
    return stream;
}

START_TEST(stream_uses_the_region)
{
    Bed bed = open_filled(_i);

    for (int format = 0; format < 2; format++) {
        Cookie cookie = {.bed = &bed, .text = calloc(1, 1 << 20)};
        FILE *stream = open_stream(&cookie, write_and_use);

        ck_assert_int_eq(Mem_RegionDump(bed.region, stream, (Mem_Format)format), 0);
        ck_assert_uint_gt(cookie.writes, 10);
        if (format == MEM_JSON) {
            verify_json(&bed, cookie.text);
        }
        fclose(stream);
        free(cookie.text);
        checked_sound(&bed);
    }
    bed_close(&bed);
}
END_TEST

static ssize_t write_and_wait(void *argument, const char *text, size_t size)
{
    Cookie *cookie = argument;

    (void)text;
    if (cookie->writes++ == 2) {
        if (!cookie->waits) {
            pthread_exit(cookie);
        }
        __atomic_store_n(&cookie->is_there, true, __ATOMIC_SEQ_CST);
        for (;;) {
            pause();
        }
    }
    return (ssize_t)size;
}

typedef struct Dump {
    Bed *bed;
    FILE *stream;
    Mem_Format format;
} Dump;

static void *dump(void *argument)
{
    Dump *task = argument;

    ck_assert_int_eq(Mem_RegionDump(task->bed->region, task->stream, task->format), 0);
    return task;
}

/* The stream stays locked for ever if its own function ends the thread, so it is not used again. */
static void end_in_a_write(Bed *bed, Mem_Format format, bool waits)
{
    static Cookie cookie;
    Dump task = {bed, NULL, format};
    uint64_t digest = bed_digest(bed);
    pthread_t thread;
    void *result;

    cookie = (Cookie){.bed = bed, .waits = waits};
    task.stream = open_stream(&cookie, write_and_wait);
    ck_assert_int_eq(pthread_create(&thread, NULL, dump, &task), 0);
    while (waits && !__atomic_load_n(&cookie.is_there, __ATOMIC_SEQ_CST)) {
        sched_yield();
    }
    ck_assert(!waits || pthread_cancel(thread) == 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, waits ? PTHREAD_CANCELED : (void *)&cookie);
    use(bed);
    use_in_thread(bed);
    checked_sound(bed);
    ck_assert_uint_eq(bed_digest(bed), digest);
}

START_TEST(thread_ends_in_a_dump)
{
    Bed bed = open_filled(_i);

    for (int format = 0; format < 2; format++) {
        end_in_a_write(&bed, (Mem_Format)format, false);
        end_in_a_write(&bed, (Mem_Format)format, true);
    }
    bed_close(&bed);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Pipes
 * --------------------------------------------------------------------------------------------- */

typedef struct Reader {
    Bed *bed;
    int file;
    char *text;
    size_t length;
} Reader;

/* Stores its input in blocks of the dumped region. */
static void *read_all(void *argument)
{
    Reader *reader = argument;
    char *block = Mem_RegionAlloc(reader->bed->region, 1000);
    ssize_t size;

    while ((size = read(reader->file, block, 1000)) > 0) {
        memcpy(reader->text + reader->length, block, (size_t)size);
        reader->length += (size_t)size;
        if (reader->length / 10000 != (reader->length - (size_t)size) / 10000) {
            block = Mem_RegionAlloc(reader->bed->region, 1000);
            ck_assert_ptr_nonnull(block);
        }
    }
    return NULL;
}

START_TEST(reader_of_a_pipe_allocates)
{
    Bed bed = open_filled(_i);
    Reader reader = {.bed = &bed, .text = calloc(1, 1 << 20)};
    int files[2];
    pthread_t thread;
    FILE *stream;

    ck_assert_int_eq(pipe(files), 0);
    reader.file = files[0];
    stream = fdopen(files[1], "w");
    ck_assert_int_eq(pthread_create(&thread, NULL, read_all, &reader), 0);
    ck_assert_int_eq(Mem_RegionDump(bed.region, stream, MEM_JSON), 0);
    fclose(stream);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_gt(reader.length, PIPE);
    verify_json(&bed, reader.text);
    close(files[0]);
    free(reader.text);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("dump-unlocked");

    for (int kind = 0; kind <= KIND_CACHED; kind++) {
        if (kind != KIND_UNLOCKED && kind != KIND_INSIDE_64) {
            tcase_add_loop_test(tests, stream_uses_the_region, kind, kind + 1);
            tcase_add_loop_test(tests, thread_ends_in_a_dump, kind, kind + 1);
            tcase_add_loop_test(tests, reader_of_a_pipe_allocates, kind, kind + 1);
        }
    }
    return support_end();
}
