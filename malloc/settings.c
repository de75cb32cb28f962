/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mem.h"
#include "size.h"

void settings_complain(const char *format, ...)
{
    char line[256] = "libmem: ";
    size_t length = strlen(line);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    length = strlen(line);
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        return; /* there is nobody else to be told */
    }
}

/* Bytes of address space that the process has by now; 0 if that can't be known. */
static size_t address_space_used(void)
{
    char text[32];
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length;

    if (file < 0) {
        return 0;
    }
    length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    return (size_t)strtoull(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* What a limit of address space leaves for the heap. A quarter is kept for what else the program will
 * map: threads' stacks, libraries, files. */
static size_t address_space_left(void)
{
    struct rlimit limit;
    size_t used;

    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= PTRDIFF_MAX) {
        return PTRDIFF_MAX;
    }
    used = address_space_used();
    return used >= limit.rlim_cur ? 0 : ((size_t)limit.rlim_cur - used) / 4 * 3;
}

size_t settings_size(bool *asked_for)
{
    const char *value = secure_getenv("LIBMEM_SIZE");
    size_t memory = size_of_memory();
    size_t left = address_space_left();
    size_t size;

    *asked_for = value != NULL && *value != '\0';
    if (!*asked_for) {
        return memory < left ? memory : left;
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

ReportFormat settings_report(void)
{
    const char *value = secure_getenv("LIBMEM_STATS");

    if (value == NULL || *value == '\0') {
        return REPORT_NONE;
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
