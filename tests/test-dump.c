/* SPDX-License-Identifier: MIT
 *
 * Mem_Dump and Mem_RegionDump as text: their output is read back and compared with the region. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dumped.h"

enum { SIZE = 1 << 15, COLUMNS = 78 };

/* Draws the expected picture, byte by byte of the region. */
static void draw(const Bed *bed, const Blocks *blocks, char *picture)
{
    size_t units = bed->capacity / 8;
    size_t columns = units < COLUMNS ? units : COLUMNS;
    size_t index = 0;

    for (size_t column = 0; column < columns; column++) {
        size_t begin = units * column / columns;
        size_t end = units * (column + 1) / columns;
        size_t used = 0;

        for (size_t unit = begin; unit < end; unit++) {
            const Mem_Block *block = &blocks->list[index];

            used += (size_t)block->in_use;
            if ((char *)block->address + block->size == bed->first + (unit + 1) * 8) {
                index++;
            }
        }
        picture[column] = used == 0             ? ' '
                          : used == end - begin ? '#'
                                                : ".:-=+*"[6 * used / (end - begin)];
    }
    picture[columns] = '\0';
}

/* Verifies the lines of blocks from a text on. Returns how many there are. */
static size_t verify_lines(const char *text, const Blocks *blocks)
{
    bool is_cut = blocks->count > 64;
    size_t lines = 0;

    for (size_t i = 0; i < blocks->count; i++) {
        char state[20] = "";
        void *address;
        size_t size, hidden;

        text = strchr(text, '\n') + 1;
        if (is_cut && i == 32) {
            ck_assert_int_eq(sscanf(text, " ... %zu blocks not shown ...", &hidden), 1);
            ck_assert_uint_eq(hidden, blocks->count - 64);
            i = blocks->count - 33;
            continue;
        }
        ck_assert_int_eq(sscanf(text, " %p %zu %19[a-z ]", &address, &size, state), 3);
        ck_assert_ptr_eq(address, blocks->list[i].address);
        ck_assert_uint_eq(size, blocks->list[i].size);
        ck_assert_str_eq(state, blocks->list[i].in_use ? "in use" : "free");
        lines++;
    }
    ck_assert_str_eq(strchr(text, '\n'), "\n");
    return lines;
}

/* Verifies the number behind a label. */
static void verify_total(const char *text, const char *label, size_t total)
{
    char start[40];
    const char *at;

    snprintf(start, sizeof start, "\n  %-13s", label);
    at = strstr(text, start);
    ck_assert_msg(at != NULL, "no %s", label);
    ck_assert_uint_eq(strtoull(at + strlen(start), NULL, 10), total);
}

/* Verifies that no line is longer than 80 columns, and none ends with a blank. */
static void verify_widths(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        ck_assert_msg(end - text <= 80, "%s", text);
        ck_assert_msg(end == text || end[-1] != ' ', "%s", text);
    }
}

static void verify_text(const Bed *bed, const char *text)
{
    const Blocks *blocks = dumped_blocks(bed);
    Mem_Stats stats = bed_stats(bed);
    char picture[COLUMNS + 1];
    char number[120];
    const char *drawn = strchr(text, '[');

    ck_assert_ptr_nonnull(drawn);
    draw(bed, blocks, picture);
    ck_assert_msg(strncmp(drawn + 1, picture, strlen(picture)) == 0 &&
                      drawn[1 + strlen(picture)] == ']',
                  "%s should be [%s]", text, picture);
    snprintf(number, sizeof number, "region %p\n  capacity ", (void *)Mem_RegionOf(bed->first));
    ck_assert(strncmp(text, number, strlen(number)) == 0);
    verify_total(text, "capacity", stats.capacity);
    snprintf(number, sizeof number, " bytes from %p on, in 8-byte units\n", (void *)bed->first);
    ck_assert_ptr_nonnull(strstr(text, number));
    verify_total(text, "in use", stats.bytes_in_use);
    snprintf(number, sizeof number, " bytes in %zu block%s\n  peak", stats.blocks_in_use,
             stats.blocks_in_use == 1 ? "" : "s");
    ck_assert_ptr_nonnull(strstr(text, number));
    verify_total(text, "peak in use", stats.peak_in_use);
    verify_total(text, "free", stats.bytes_free);
    snprintf(number, sizeof number, " bytes in %zu block%s\n  largest", stats.blocks_free,
             stats.blocks_free == 1 ? "" : "s");
    ck_assert_ptr_nonnull(strstr(text, number));
    verify_total(text, "largest free", stats.largest_free);
    snprintf(number, sizeof number, " bytes, so %.1f %% fragmented\n",
             (double)((stats.fragmentation + 999) / 1000) / 10);
    ck_assert_ptr_nonnull(strstr(text, number));
    verify_total(text, "bookkeeping", stats.bookkeeping);
    snprintf(number, sizeof number, "\n  a character: some %zu bytes; blank free, ",
             stats.capacity / 8 / strlen(picture) * 8);
    ck_assert_ptr_nonnull(strstr(drawn, number));
    verify_widths(text);
    drawn = strstr(drawn, "address");
    ck_assert_ptr_nonnull(drawn);
    ck_assert_uint_eq(verify_lines(drawn, blocks), blocks->count > 64 ? 64 : blocks->count);
}

static void verify(const Bed *bed)
{
    char *text = dumped_text(bed, MEM_TEXT);

    verify_text(bed, text);
    free(text);
    checked_sound(bed);
}

START_TEST(dump_while_it_fills)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Random source = support_random("dump_while_it_fills", _i);
    void *blocks[40] = {0};

    verify(&bed);
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 10; i++) {
            size_t k = random_below(&source, 40);

            checked_free(&bed, blocks[k]);
            blocks[k] = checked_alloc(&bed, random_scaled(&source, SIZE / 8));
        }
        verify(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* List lengths around the limit for cutting, and far beyond. */
START_TEST(dump_of_many_blocks)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t count = 1; checked_alloc(&bed, count % 5 * 8) != NULL; count++) {
        if ((count > 60 && count < 70) || count % 500 == 0) {
            verify(&bed);
        }
    }
    verify(&bed);
    bed_close(&bed);
}
END_TEST

/* Fewer units than the picture has columns, and exactly as many. */
START_TEST(dump_of_tiny_regions)
{
    for (size_t size = 1000; size < 3000; size += 8) {
        Bed bed = bed_open_inside(size, 8);

        if (bed.region != NULL && bed.capacity < 8 * 3 * COLUMNS) {
            verify(&bed);
            checked_alloc(&bed, bed.capacity / 3);
            verify(&bed);
        }
        bed_close(&bed);
    }
}
END_TEST

START_TEST(dump_counts_misuses)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *text;

    checked_refused(&bed, bed.first);
    checked_alloc(&bed, bed.capacity + 1);
    verify(&bed);
    text = dumped_text(&bed, MEM_TEXT);
    ck_assert_ptr_nonnull(strstr(text, "1 failed, 2 misuses\n"));
    free(text);
    bed_close(&bed);
}
END_TEST

/* Returns what Mem_Dump prints to stdout. */
static char *capture_dump(void)
{
    static char text[20000];
    char name[] = "/tmp/libmem-test-XXXXXX";
    int file = mkstemp(name);
    int saved = dup(STDOUT_FILENO);
    ssize_t length;

    ck_assert_int_ge(file, 0);
    unlink(name);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    Mem_Dump();
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    length = pread(file, text, sizeof text - 1, 0);
    ck_assert_int_ge(length, 0);
    close(file);
    text[length] = '\0';
    return text;
}

START_TEST(dump_to_stdout)
{
    Bed bed = bed_open(KIND_DEFAULT, SIZE);

    checked_alloc(&bed, 1000);
    verify_text(&bed, capture_dump());
    bed_close(&bed);
    ck_assert_str_eq(capture_dump(), "no region: Mem_Init was not called\n");
}
END_TEST

START_TEST(dump_without_a_region)
{
    char text[100] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");

    errno = 0;
    ck_assert_int_eq(Mem_RegionDump(NULL, stream, MEM_TEXT), -1);
    ck_assert_int_eq(errno, EINVAL);
    fclose(stream);
    ck_assert_str_eq(text, "no region: Mem_Init was not called\n");
}
END_TEST

START_TEST(dump_refuses_arguments)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    volatile int format; /* hidden from the compiler, which knows that it is no Mem_Format */

    errno = 0;
    ck_assert_int_eq(Mem_RegionDump(bed.region, NULL, MEM_TEXT), -1);
    ck_assert_int_eq(errno, EINVAL);
    for (format = 2; format < 5; format = format + 1) {
        errno = 0;
        ck_assert_int_eq(Mem_RegionDump(bed.region, stderr, (Mem_Format)format), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(dump_tells_errors_of_the_stream)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    FILE *full = fopen("/dev/full", "w");
    FILE *readable = fopen("/dev/null", "r");

    for (int format = 0; format < 2; format++) {
        if (full == NULL) {
            support_skip("no /dev/full");
        } else {
            ck_assert_int_eq(Mem_RegionDump(bed.region, full, (Mem_Format)format), -1);
            ck_assert_int_eq(errno, ENOSPC);
        }
        ck_assert_int_eq(Mem_RegionDump(bed.region, readable, (Mem_Format)format), -1);
        ck_assert_int_eq(errno, EBADF);
        checked_sound(&bed);
    }
    if (full != NULL) {
        fclose(full);
    }
    fclose(readable);
    bed_close(&bed);
}
END_TEST

/* Fails to write as long as failures are left. */
static ssize_t write_or_fail(void *cookie, const char *text, size_t size)
{
    int *failures = cookie;

    (void)text;
    if (*failures > 0) {
        --*failures;
        return 0; /* an error for stdio, without errno */
    }
    return (ssize_t)size;
}

/* Failures without an errno give EIO, not the former errno; also those from before the dump. */
START_TEST(dump_tells_errors_without_errno)
{
    cookie_io_functions_t functions = {.write = write_or_fail};
    Bed bed = bed_open((Kind)_i, SIZE);
    int failures = 1;
    FILE *stream = fopencookie(&failures, "w", functions);

    for (int round = 0; round < 4; round++) {
        errno = round < 2 ? 0 : ERANGE;
        ck_assert_int_eq(Mem_RegionDump(bed.region, stream, (Mem_Format)(round % 2)), -1);
        ck_assert_int_eq(errno, EIO);
    }
    fclose(stream);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("dump");

    tcase_add_loop_test(tests, dump_while_it_fills, 0, KIND_COUNT);
    tcase_add_loop_test(tests, dump_of_many_blocks, 0, KIND_COUNT);
    tcase_add_test(tests, dump_of_tiny_regions);
    tcase_add_loop_test(tests, dump_counts_misuses, 0, KIND_COUNT);
    tcase_add_test(tests, dump_to_stdout);
    tcase_add_test(tests, dump_without_a_region);
    tcase_add_loop_test(tests, dump_refuses_arguments, 0, KIND_COUNT);
    tcase_add_loop_test(tests, dump_tells_errors_of_the_stream, 0, KIND_COUNT);
    tcase_add_loop_test(tests, dump_tells_errors_without_errno, 0, KIND_COUNT);
    return support_end();
}
