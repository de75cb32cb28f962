/* SPDX-License-Identifier: MIT
 *
 * Mem_RegionDump as JSON: its output is read back and compared with the region. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dumped.h"
#include "json.h"

enum { SIZE = 1 << 15 };

typedef struct Reading {
    const Bed *bed;
    const Blocks *blocks;
    Mem_Stats stats;
    size_t members;
    size_t blocks_read;
    size_t members_of_block;
} Reading;

static void expect_number(const JsonValue *value, uint64_t expected)
{
    ck_assert_msg(value->type == JSON_NUMBER && value->number == expected, "%s: %ju, not %ju",
                  value->path, (uintmax_t)value->number, (uintmax_t)expected);
}

static void read_block_member(const JsonValue *value, Reading *reading)
{
    const Mem_Block *block = &reading->blocks->list[reading->blocks_read];

    ck_assert_uint_lt(reading->blocks_read, reading->blocks->count);
    if (strcmp(value->path, "blocks[].offset") == 0) {
        expect_number(value, (uint64_t)((char *)block->address - reading->bed->first));
    } else if (strcmp(value->path, "blocks[].size") == 0) {
        expect_number(value, block->size);
    } else if (strcmp(value->path, "blocks[].in_use") == 0) {
        ck_assert_int_eq(value->type, JSON_BOOLEAN);
        ck_assert_int_eq((int)value->number, block->in_use);
    } else {
        ck_abort_msg("unknown member %s", value->path);
    }
    if (++reading->members_of_block == 3) {
        reading->members_of_block = 0;
        reading->blocks_read++;
    }
}

static void expect_pointer(const JsonValue *value, const void *pointer)
{
    char expected[40];

    snprintf(expected, sizeof expected, "%p", pointer);
    ck_assert_int_eq(value->type, JSON_STRING);
    ck_assert_uint_eq(value->length, strlen(expected));
    ck_assert(memcmp(value->text, expected, value->length) == 0);
}

static void read_member(const JsonValue *value, void *context)
{
    Reading *reading = context;
    const Mem_Stats *stats = &reading->stats;
    const struct {
        const char *path;
        uint64_t expected;
    } numbers[] = {
        {"format", 1},
        {"capacity", stats->capacity},
        {"unit", 8},
        {"alignment", reading->bed->alignment},
        {"bytes_in_use", stats->bytes_in_use},
        {"bytes_free", stats->bytes_free},
        {"peak_in_use", stats->peak_in_use},
        {"largest_free", stats->largest_free},
        {"fragmentation", stats->fragmentation},
        {"blocks_in_use", stats->blocks_in_use},
        {"blocks_free", stats->blocks_free},
        {"bookkeeping", stats->bookkeeping},
        {"allocs", stats->allocs},
        {"callocs", stats->callocs},
        {"reallocs", stats->reallocs},
        {"aligned_allocs", stats->aligned_allocs},
        {"frees", stats->frees},
        {"failures", stats->failures},
        {"misuses", stats->misuses},
    };

    if (strncmp(value->path, "blocks[]", 8) == 0) {
        read_block_member(value, reading);
        return;
    }
    reading->members++;
    if (strcmp(value->path, "address") == 0) {
        expect_pointer(value, reading->bed->first);
        return;
    }
    if (strcmp(value->path, "region") == 0) {
        expect_pointer(value, Mem_RegionOf(reading->bed->first));
        return;
    }
    if (strcmp(value->path, "name") == 0) {
        ck_assert_int_eq(value->type, JSON_STRING);
        ck_assert_uint_eq(value->length, 0);
        return;
    }
    if (strcmp(value->path, "consistent") == 0) {
        ck_assert_int_eq(value->type, JSON_BOOLEAN);
        ck_assert_uint_eq(value->number, 1);
        return;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(value->path, numbers[i].path) == 0) {
            expect_number(value, numbers[i].expected);
            return;
        }
    }
    ck_abort_msg("unknown member %s", value->path);
}

static void verify_json(const Bed *bed)
{
    Reading reading = {bed, dumped_blocks(bed), bed_stats(bed), 0, 0, 0};
    char *text = dumped_text(bed, MEM_JSON);

    ck_assert(json_read(text, read_member, &reading));
    ck_assert_uint_eq(reading.members, 23);
    ck_assert_uint_eq(reading.members_of_block, 0);
    ck_assert_uint_eq(reading.blocks_read, reading.blocks->count);
    ck_assert(strchr(text, '\n') == text + strlen(text) - 1);
    free(text);
}

START_TEST(json_while_it_fills)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Random source = support_random("json_while_it_fills", _i);
    void *blocks[40] = {0};

    verify_json(&bed);
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 10; i++) {
            size_t k = random_below(&source, 40);

            checked_free(&bed, blocks[k]);
            blocks[k] = checked_alloc(&bed, random_scaled(&source, SIZE / 8));
        }
        verify_json(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* In JSON the list is complete, however long. */
START_TEST(json_of_many_blocks)
{
    Bed bed = bed_open((Kind)_i, SIZE);

    for (size_t count = 1; checked_alloc(&bed, count % 5 * 8) != NULL; count++) {
        if (count == 64 || count == 65) {
            verify_json(&bed);
        }
    }
    verify_json(&bed);
    checked_refused(&bed, &bed);
    verify_json(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(json_of_tiny_regions)
{
    for (size_t size = 1000; size < 3000; size += 8) {
        Bed bed = bed_open_inside(size, 8);

        if (bed.region != NULL) {
            verify_json(&bed);
        }
        bed_close(&bed);
    }
}
END_TEST

/* Lets another program read the text, if there is one. */
static void read_elsewhere(const char *text)
{
    FILE *stream = popen("{ jq -e . || python3 -m json.tool || test $? = 127; } >/dev/null 2>&1",
                         "w");

    ck_assert_ptr_nonnull(stream);
    fputs(text, stream);
    ck_assert_int_eq(pclose(stream), 0);
}

START_TEST(json_is_read_by_others)
{
    Bed bed = bed_open(KIND_MAPPED, SIZE);
    char *text = dumped_text(&bed, MEM_JSON);

    read_elsewhere(text);
    free(text);
    for (int i = 0; i < 100; i++) {
        checked_alloc(&bed, 100);
    }
    text = dumped_text(&bed, MEM_JSON);
    read_elsewhere(text);
    free(text);
    bed_close(&bed);
}
END_TEST

START_TEST(json_without_a_region)
{
    char text[100] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");

    errno = 0;
    ck_assert_int_eq(Mem_RegionDump(NULL, stream, MEM_JSON), -1);
    ck_assert_int_eq(errno, EINVAL);
    fclose(stream);
    ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("dump-json");

    tcase_add_loop_test(tests, json_while_it_fills, 0, KIND_COUNT);
    tcase_add_loop_test(tests, json_of_many_blocks, 0, KIND_COUNT);
    tcase_add_test(tests, json_of_tiny_regions);
    tcase_add_test(tests, json_is_read_by_others);
    tcase_add_test(tests, json_without_a_region);
    return support_end();
}
