/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "budget.h"
#include "mem.h"
#include "os/environment.h"
#include "os/file.h"
#include "os/kernel.h"
#include "os/pages.h"
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
        return; /* there is nobody else to tell */
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

/* The bytes that the process has mapped: all, and those that count as data. 0 if unknown. */
typedef struct Mapped {
    size_t all, data;
} Mapped;

static Mapped read_mapped(void)
{
    enum { ALL = 0, DATA = 5, FIELDS }; /* pages, in decimal */
    size_t fields[FIELDS] = {0};
    char text[256];
    const char *next = text;
    size_t page = pages_size();

    file_read("/proc/self/statm", text, sizeof text);
    for (int i = 0; i < FIELDS && next != NULL; i++) {
        next = size_digits(next + (*next == ' '), &fields[i]);
    }
    return (Mapped){fields[ALL] * page, fields[DATA] * page};
}

/* Returns the bytes that a limit leaves for the heap. A quarter of the rest is reserved for other
 * mappings: stacks of threads, libraries, files. */
static size_t left_by(uint64_t limit, size_t used)
{
    return used >= limit ? 0 : ((size_t)limit - used) / 4 * 3;
}

/* Reads a limit of the process. Returns false if there is none. */
static bool read_limit(int resource, uint64_t *limit)
{
    uint64_t limits[2] = {0}; /* as from prlimit(2): the soft and the hard limit */
    long result = kernel_call(SYS_prlimit64, 0, resource, 0, (long)(uintptr_t)limits, 0, 0);

    *limit = result == 0 ? limits[0] : UINT64_MAX;
    return *limit < PTRDIFF_MAX;
}

static size_t lesser(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Returns the bytes that the limits of address space and of data leave for the heap. */
static size_t space_left(void)
{
    uint64_t all, data;
    bool has_all = read_limit(RLIMIT_AS, &all);
    bool has_data = read_limit(RLIMIT_DATA, &data);
    size_t left = PTRDIFF_MAX;
    Mapped mapped;

    if (has_all || has_data) {
        mapped = read_mapped();
        left = has_all ? lesser(left, left_by(all, mapped.all)) : left;
        left = has_data ? lesser(left, left_by(data, mapped.data)) : left;
    }
    return left;
}

/* Returns the size of the largest default region: larger ones have larger units, and no caches. */
static size_t most_by_default(void)
{
    const uint64_t most = UINT64_C(63) << 30;

    return most < PTRDIFF_MAX ? (size_t)most : PTRDIFF_MAX;
}

size_t settings_size(bool *asked_for)
{
    const char *value = environment_get("LIBMEM_SIZE");
    size_t size;

    *asked_for = value != NULL;
    if (!*asked_for) {
        return lesser(lesser(budget_read("").share, most_by_default()), space_left());
    }
    return size_read(value, &size) ? size : 0;
}

void settings_give_up(int error)
{
    const char *value = environment_get("LIBMEM_SIZE");
    size_t size;

    if (size_read(value, &size)) {
        settings_complain("cannot make a region of %.64s (%zu bytes): %s", value, size,
                          strerrordesc_np(error));
    } else {
        settings_complain("LIBMEM_SIZE is \"%.64s\", not %s", value, SIZE_SYNTAX);
    }
    _exit(SETTINGS_FAILED);
}

/* Returns whether a variable is 1. */
static bool is_on(const char *name)
{
    const char *value = environment_get(name);

    return value != NULL && strcmp(value, "1") == 0;
}

/* Warns if a variable is neither 0 nor 1. */
static void check(const char *name)
{
    const char *value = environment_get(name);

    if (value != NULL && strcmp(value, "0") != 0 && strcmp(value, "1") != 0) {
        settings_complain("%s is \"%.64s\", not 0 or 1; taken as 0", name, value);
    }
}

void settings_check(void)
{
    check("LIBMEM_DEEPBIND");
    check("LIBMEM_HUGE");
    check("LIBMEM_EXACT");
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
    const char *value = environment_get("LIBMEM_STATS");

    if (value == NULL) {
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
    return environment_get("LIBMEM_STATS_FILE");
}

bool settings_report_process(pid_t process)
{
    const char *value = environment_get("LIBMEM_STATS_PROCESS");
    size_t number;

    return value == NULL || size_digits(value, &number) == NULL || number == (size_t)process;
}
