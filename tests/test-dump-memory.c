/* SPDX-License-Identifier: MIT
 *
 * The memory that a long JSON dump maps for its list. This program replaces mmap() and munmap() by
 * functions that count; its mmap() fails when told to. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "checked.h"
#include "json.h"
#include "sanitized.h"

#if SANITIZED

int main(void)
{
    puts("skipped: sanitizers call mmap() before anything of this program may run");
    return SUPPORT_SKIPPED;
}

#else

enum { SIZE = 1 << 19 };

/* Counts and actions while a dump is under way. */
static struct {
    bool is_watched;
    bool fails;
    size_t mmaps, munmaps;
    void (*before_mmap)(void);
} system_calls;

/* Returns the C library's function. */
static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL) {
        fprintf(stderr, "no %s()\n", name);
        abort();
    }
    return function;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    void *(*real)(void *, size_t, int, int, int, off_t) = NULL;

    if (system_calls.is_watched) {
        system_calls.mmaps++;
        if (system_calls.before_mmap != NULL) {
            system_calls.before_mmap();
        }
        if (system_calls.fails) {
            errno = ENOMEM;
            return MAP_FAILED;
        }
    }
    *(void **)(void *)&real = next("mmap");
    return real(address, size, protection, flags, file, offset);
}

int munmap(void *address, size_t size)
{
    int (*real)(void *, size_t) = NULL;

    system_calls.munmaps += system_calls.is_watched;
    *(void **)(void *)&real = next("munmap");
    return real(address, size);
}

/* Starts to count system calls. */
static void watch(bool fails, void (*before_mmap)(void))
{
    system_calls.mmaps = system_calls.munmaps = 0;
    system_calls.fails = fails;
    system_calls.before_mmap = before_mmap;
    system_calls.is_watched = true;
}

static void unwatch(void)
{
    system_calls.is_watched = false;
}

/* The contents of a JSON dump. */
typedef struct Told {
    uint64_t next;  /* where the next block must begin */
    uint64_t count; /* number of blocks in its totals */
    uint64_t blocks;
    bool consistent;
} Told;

static Mem_Region *dumped;

static void read_value(const JsonValue *value, void *context)
{
    Told *told = context;

    if (strcmp(value->path, "blocks[].offset") == 0) {
        ck_assert_uint_eq(value->number, told->next);
    } else if (strcmp(value->path, "blocks[].size") == 0) {
        ck_assert_uint_ne(value->number, 0);
        told->next += value->number;
        told->blocks++;
    } else if (strcmp(value->path, "blocks_in_use") == 0 ||
               strcmp(value->path, "blocks_free") == 0) {
        told->count += value->number;
    } else if (strcmp(value->path, "consistent") == 0) {
        told->consistent = value->number != 0;
    }
}

/* Verifies that the blocks cover the region without a gap, even if they are of several moments. */
static Told read_dump(const char *text)
{
    Told told = {.next = 0};
    Mem_Stats stats;

    ck_assert(json_read(text, read_value, &told));
    ck_assert_int_eq(Mem_RegionGetStats(dumped, &stats), 0);
    ck_assert_uint_eq(told.next, stats.capacity);
    ck_assert(!told.consistent || told.blocks == told.count);
    ck_assert_int_eq(Mem_RegionCheck(dumped), 0);
    return told;
}

static char text[1 << 20];
static size_t text_length;

static ssize_t keep(void *cookie, const char *more, size_t size)
{
    (void)cookie;
    memcpy(text + text_length, more, size);
    text_length += size;
    return (ssize_t)size;
}

static void *blocks[2000]; /* in use */

/* Frees blocks of the first piece and of the following ones before these are read. */
static ssize_t keep_and_free(void *cookie, const char *more, size_t size)
{
    for (size_t i = 250; i < 1000; i++) {
        if (blocks[i] != NULL) {
            ck_assert_int_eq(Mem_RegionFree(dumped, blocks[i]), 0);
            blocks[i] = NULL;
        }
    }
    return keep(cookie, more, size);
}

/* Dumps as JSON while system calls are counted. */
static Told dump(cookie_write_function_t *function)
{
    static char buffer[4000];
    cookie_io_functions_t functions = {.write = function};
    FILE *stream = fopencookie(NULL, "w", functions);
    int result;

    setvbuf(stream, buffer, _IOFBF, sizeof buffer);
    text_length = 0;
    errno = ERANGE;
    result = Mem_RegionDump(dumped, stream, MEM_JSON);
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_uint_eq(system_calls.munmaps, system_calls.fails ? 0 : system_calls.mmaps);
    unwatch();
    fclose(stream);
    text[text_length] = '\0';
    return read_dump(text);
}

/* Makes a region with `count` blocks, the last of which is free. */
static void fill(size_t count)
{
    dumped = Mem_RegionCreate(SIZE, NULL);
    ck_assert_ptr_nonnull(dumped);
    for (size_t i = 0; i < count - 1; i++) {
        blocks[i] = Mem_RegionAlloc(dumped, 24);
        ck_assert_ptr_nonnull(blocks[i]);
    }
}

/* Up to 256 blocks are noted without a system call. */
START_TEST(dump_maps_its_list)
{
    static const size_t counts[] = {1, 255, 256, 257, 2000};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        Told told;

        fill(counts[i]);
        watch(false, NULL);
        told = dump(keep);
        ck_assert_uint_eq(system_calls.mmaps, counts[i] > 256);
        ck_assert(told.consistent);
        ck_assert_uint_eq(told.blocks, counts[i]);
        ck_assert_int_eq(Mem_RegionDestroy(dumped), 0);
    }
}
END_TEST

START_TEST(dump_as_text_maps_nothing)
{
    FILE *stream = fopen("/dev/null", "w");

    fill(2000);
    watch(false, NULL);
    ck_assert_int_eq(Mem_RegionDump(dumped, stream, MEM_TEXT), 0);
    ck_assert_uint_eq(system_calls.mmaps + system_calls.munmaps, 0);
    unwatch();
    fclose(stream);
    ck_assert_int_eq(Mem_RegionDestroy(dumped), 0);
}
END_TEST

static ssize_t end_thread(void *cookie, const char *more, size_t size)
{
    (void)cookie;
    (void)more;
    (void)size;
    pthread_exit(NULL);
}

static void *dump_and_end(void *argument)
{
    cookie_io_functions_t functions = {.write = end_thread};

    Mem_RegionDump(dumped, fopencookie(NULL, "w", functions), MEM_JSON);
    return argument;
}

START_TEST(dump_unmaps_its_list_when_its_thread_ends)
{
    pthread_t thread;
    void *result;

    fill(2000);
    watch(false, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, dump_and_end, text), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_null(result);
    ck_assert_uint_eq(system_calls.mmaps, 1);
    ck_assert_uint_eq(system_calls.munmaps, 1);
    unwatch();
    ck_assert_int_eq(Mem_RegionCheck(dumped), 0);
    ck_assert_int_eq(Mem_RegionDestroy(dumped), 0);
}
END_TEST

/* Without memory for the list, the dump is written in pieces, even if blocks change between
 * them. */
START_TEST(dump_without_memory_for_its_list)
{
    Told told;

    fill(2000);
    watch(true, NULL);
    told = dump(keep);
    ck_assert_uint_eq(system_calls.mmaps, 1);
    ck_assert(!told.consistent);
    ck_assert_uint_eq(told.blocks, 2000);
    watch(true, NULL);
    told = dump(keep_and_free);
    ck_assert(!told.consistent);
    ck_assert_uint_eq(told.blocks, 256 + 1 + 1000); /* the rest of the free run is one */
    watch(false, NULL);
    ck_assert(dump(keep).consistent);
    ck_assert_int_eq(Mem_RegionDestroy(dumped), 0);
}
END_TEST

static size_t growths; /* growths still to come */

/* Allocates while memory is mapped: more blocks than there is room for. */
static void grow(void)
{
    if (growths != 0) {
        growths--;
        for (size_t i = 0; i < 1000; i++) {
            ck_assert_ptr_nonnull(Mem_RegionAlloc(dumped, 8));
        }
    }
}

START_TEST(dump_of_blocks_that_become_more)
{
    for (size_t n = 0; n < 6; n++) {
        Told told;

        fill(300);
        growths = n;
        watch(false, grow);
        told = dump(keep);
        ck_assert_uint_eq(system_calls.mmaps, n < 4 ? n + 1 : 4);
        ck_assert_int_eq(told.consistent, n < 4);
        ck_assert_uint_eq(told.blocks, 300 + 1000 * (n < 4 ? n : 4));
        ck_assert_int_eq(Mem_RegionDestroy(dumped), 0);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("dump-memory");

    tcase_add_test(tests, dump_maps_its_list);
    tcase_add_test(tests, dump_as_text_maps_nothing);
    tcase_add_test(tests, dump_unmaps_its_list_when_its_thread_ends);
    tcase_add_test(tests, dump_without_memory_for_its_list);
    tcase_add_test(tests, dump_of_blocks_that_become_more);
    return support_end();
}

#endif
