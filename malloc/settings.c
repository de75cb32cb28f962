/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "size.h"

__attribute__((__format__(__printf__, 2, 0))) static void complain(int file, const char *format,
                                                                   va_list arguments)
{
    char line[256] = "libmem: ";
    size_t length = strlen(line);

    vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    length = strlen(line);
    line[length++] = '\n';
    if (write(file, line, length) < 0) {
        return; /* there is nobody else to be told */
    }
}

void settings_complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complain(STDERR_FILENO, format, arguments);
    va_end(arguments);
}

void settings_complain_to(int file, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complain(file, format, arguments);
    va_end(arguments);
}

/* What a process has mapped by now, in bytes: all, and what counts as data. 0 if it can't be known. */
typedef struct Mapped {
    size_t all, data;
} Mapped;

static Mapped read_mapped(void)
{
    enum { ALL = 0, DATA = 5, FIELDS }; /* pages, in decimal */
    size_t fields[FIELDS] = {0};
    char text[256];
    const char *next = text;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    file_read("/proc/self/statm", text, sizeof text);
    for (int i = 0; i < FIELDS && next != NULL; i++) {
        next = size_digits(next + (*next == ' '), &fields[i]);
    }
    return (Mapped){fields[ALL] * page, fields[DATA] * page};
}

/* What a limit leaves for the heap. A quarter is kept for what else the program will map: threads'
 * stacks, libraries, files. */
static size_t left_by(const struct rlimit *limit, size_t used)
{
    return used >= limit->rlim_cur ? 0 : ((size_t)limit->rlim_cur - used) / 4 * 3;
}

static bool is_limit(const struct rlimit *limit)
{
    return limit->rlim_cur < PTRDIFF_MAX;
}

static size_t lesser(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* What the limits of address space and of data leave for the heap. */
static size_t space_left(void)
{
    struct rlimit all, data;
    bool has_all = getrlimit(RLIMIT_AS, &all) == 0 && is_limit(&all);
    bool has_data = getrlimit(RLIMIT_DATA, &data) == 0 && is_limit(&data);
    size_t left = PTRDIFF_MAX;
    Mapped mapped;

    if (has_all || has_data) {
        mapped = read_mapped();
        left = has_all ? lesser(left, left_by(&all, mapped.all)) : left;
        left = has_data ? lesser(left, left_by(&data, mapped.data)) : left;
    }
    return left;
}

/* The largest region whose units are of 16 bytes; only with these are there magazines. */
static size_t most_by_default(void)
{
    const uint64_t most = UINT64_C(63) << 30;

    return most < PTRDIFF_MAX ? (size_t)most : PTRDIFF_MAX;
}

size_t settings_size(bool *asked_for)
{
    const char *value = secure_getenv("LIBMEM_SIZE");
    size_t size;

    *asked_for = value != NULL && *value != '\0';
    if (!*asked_for) {
        return lesser(lesser(size_of_memory(), most_by_default()), space_left());
    }
    if (!size_read(value, &size)) {
        settings_complain("LIBMEM_SIZE is \"%.64s\", not %s", value, SIZE_SYNTAX);
        _exit(SETTINGS_FAILED);
    }
    return size;
}

/* Whether a variable is 1; complains if it is neither that nor 0. */
static bool is_on(const char *name)
{
    const char *value = secure_getenv(name);

    if (value == NULL || *value == '\0' || strcmp(value, "0") == 0) {
        return false;
    }
    if (strcmp(value, "1") != 0) {
        settings_complain("%s is \"%.64s\", not 0 or 1; taken as 0", name, value);
        return false;
    }
    return true;
}

unsigned settings_flags(void)
{
    unsigned flags = MEM_SPARSE;

    if (is_on("LIBMEM_HUGE")) {
        flags |= MEM_HUGE;
    }
    if (is_on("LIBMEM_EXACT")) {
        flags |= MEM_EXACT;
    }
    return flags;
}

bool settings_keep_deepbind(void)
{
    return is_on("LIBMEM_DEEPBIND");
}

ReportFormat settings_report(void)
{
    const char *value = secure_getenv("LIBMEM_STATS");

    if (value == NULL || *value == '\0') {
        return settings_report_file() == NULL ? REPORT_NONE : REPORT_TEXT;
    }
    if (strcmp(value, "json") == 0) {
        return REPORT_JSON;
    }
    if (strcmp(value, "text") != 0) {
        settings_complain("LIBMEM_STATS is \"%.64s\", not text or json; taken as text", value);
    }
    return REPORT_TEXT;
}

const char *settings_report_file(void)
{
    const char *value = secure_getenv("LIBMEM_STATS_FILE");

    return value == NULL || *value == '\0' ? NULL : value;
}
