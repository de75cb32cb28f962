/* SPDX-License-Identifier: MIT
 *
 * The bytes shown in mem-trace(5) are those that are written, and can be read. */
#include "support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/trace-write.h"
#include "trace-file.h"

static char path[64];

static void write_example(void)
{
    TraceError error;
    TraceWriter *writer = trace_create(path, UINT64_C(1700000000000000000), &error);
    TraceEvent event = {.op = TRACE_ALLOC, .time = 5, .size = 24};

    ck_assert_msg(writer != NULL, "%s", error.text);
    ck_assert(trace_write_info(writer, "program", "demo"));
    event.caller = trace_write_caller(writer, 0x401136, 0);
    ck_assert(trace_write(writer, &event));
    event.op = TRACE_FREE;
    event.time = 305;
    ck_assert(trace_write(writer, &event));
    ck_assert(trace_finish(writer, &error));
}

/* Compares the bytes of a line, "OFFSET  BYTE BYTE...", with those of the file. Returns how many
 * there are. */
static size_t compare_line(const char *line, const TestFile *file, size_t place)
{
    char *next;
    size_t count = 0;

    ck_assert_uint_eq(strtoul(line, &next, 16), place);
    next += strspn(next, " ");
    while (isxdigit((unsigned char)next[0]) && isxdigit((unsigned char)next[1]) &&
           (next[2] == ' ' || next[2] == '\n')) {
        ck_assert_uint_lt(place + count, file->size);
        ck_assert_msg(strtoul(next, NULL, 16) == file->bytes[place + count],
                      "byte %#zx of the trace is %02x", place + count, file->bytes[place + count]);
        count++;
        next += next[2] == ' ' && next[3] != ' ' ? 3 : 2;
    }
    return count;
}

START_TEST(the_page_shows_what_is_written)
{
    const char *top = getenv("top_srcdir");
    char line[512];
    bool inside = false;
    size_t place = 0;
    TestFile file;
    FILE *page;

    write_example();
    file = file_read(path);
    snprintf(line, sizeof line, "%s/man/mem-trace.5", top == NULL ? "." : top);
    page = fopen(line, "r");
    ck_assert_ptr_nonnull(page);
    while (fgets(line, sizeof line, page) != NULL) {
        if (strncmp(line, ".\\\" HEX", 7) == 0) {
            inside = strstr(line, "BEGIN") != NULL;
        } else if (inside && line[0] != '.') {
            place += compare_line(line, &file, place);
        }
    }
    fclose(page);
    ck_assert_uint_eq(place, file.size);
    file_free(&file);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("trace-page");
    uint16_t order = 1;
    int status;

    if (*(unsigned char *)&order != 1) {
        support_skip("the page shows a trace of a machine of the other order of bytes");
        return SUPPORT_SKIPPED;
    }
    snprintf(path, sizeof path, "trace-page.%ld.trace", (long)getpid());
    tcase_add_test(tests, the_page_shows_what_is_written);
    status = support_end();
    unlink(path);
    return status;
}
