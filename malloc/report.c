/* SPDX-License-Identifier: MIT
 *
 * Nothing here takes a lock or allocates, but for reading all statistics: glibc's snprintf() of
 * integers and strings does neither. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "os/file.h"
#include "region/stats.h"
#include "size.h"
#include "start.h"

enum {
    TEXT_MAX = 1536, /* bytes of a report */
    LITTLE = 1 << 20 /* bytes: a program that needs less has a report of one line */
};

/* A text being written. */
typedef struct Text {
    size_t length; /* bytes, less than TEXT_MAX */
    char bytes[TEXT_MAX];
} Text;

/* Appends to a text. What does not fit is left out. */
__attribute__((__format__(__printf__, 2, 3))) static void add(Text *text, const char *format, ...)
{
    va_list arguments;
    size_t room = TEXT_MAX - text->length;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->bytes + text->length, room, format, arguments);
    va_end(arguments);
    if (length > 0) {
        text->length += (size_t)length < room ? (size_t)length : room - 1;
    }
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Appends a number of bytes as people read it, as in 12.3 MiB. */
static void add_size(Text *text, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    unsigned unit = 0;
    uint64_t tenths;

    if (bytes < 1024) {
        add(text, "%" PRIu64 " byte%s", bytes, plural(bytes));
        return;
    }
    while (bytes >= 1024 * 1024 - 1024 / 20) { /* 1023.95 KiB, which rounds up to 1024.0 */
        bytes = (bytes + 512) / 1024;
        unit++;
    }
    tenths = (bytes * 10 + 512) / 1024;
    add(text, "%" PRIu64 ".%" PRIu64 " %ciB", tenths / 10, tenths % 10, units[unit]);
}

/* Appends both. */
static void add_bytes(Text *text, uint64_t bytes)
{
    add_size(text, bytes);
    if (bytes >= 1024) {
        add(text, " (%" PRIu64 " bytes)", bytes);
    }
}

/* Returns the tenths of a percent that one number is of another. */
static unsigned permille(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (unsigned)((double)part * 1000.0 / (double)whole + 0.5);
}

/* Appends a share in percent. */
static void add_percent(Text *text, unsigned tenths)
{
    add(text, "%u.%u %%", tenths / 10, tenths % 10);
}

/* Returns the most bytes that were resident at a time, of the whole process; 0 if unknown. A filter
 * of system calls may forbid to ask. */
static size_t read_resident(void)
{
    static const char name[] = "\nVmHWM:";
    char status[2048];
    const char *line;
    size_t kibibytes;

    if (filter_is_set()) {
        return 0;
    }
    file_read("/proc/self/status", status, sizeof status);
    line = strstr(status, name);
    if (line == NULL) {
        return 0;
    }
    line += sizeof name - 1;
    return size_digits(line + strspn(line, " \t"), &kibibytes) == NULL ? 0 : kibibytes * 1024;
}

/* ------------------------------------------------------------------------------------------------
 * Text
 * --------------------------------------------------------------------------------------------- */

static void add_peak(Text *text, const Mem_Stats *stats)
{
    add(text, " at most, ");
    add_percent(text, permille(stats->peak_in_use, stats->capacity));
    add(text, " of the region");
}

/* Appends the report of a program that needed little, in one line. */
static void add_line(Text *text, const Mem_Stats *stats, size_t resident)
{
    add(text, ": asked for ");
    add_size(text, stats->peak_in_use);
    add_peak(text, stats);
    if (resident != 0) {
        add(text, "; resident ");
        add_size(text, resident);
    }
    add(text, "\n");
}

static void add_walk(Text *text, const Mem_Stats *stats)
{
    add(text, "\n  in use     ");
    add_bytes(text, stats->bytes_in_use);
    add(text, " in %zu block%s at the end\n  free       ", stats->blocks_in_use,
        plural(stats->blocks_in_use));
    add_bytes(text, stats->bytes_free);
    add(text, " in %zu block%s, largest ", stats->blocks_free, plural(stats->blocks_free));
    add_size(text, stats->largest_free);
    add(text, ", ");
    add_percent(text, (unsigned)((stats->fragmentation + 999) / 1000));
    add(text, " fragmented");
}

static void add_lines(Text *text, const Mem_Stats *stats, ReportDepth depth, size_t resident)
{
    add(text, "\n  region     ");
    add_bytes(text, stats->capacity);
    add(text, "\n  asked for  ");
    add_bytes(text, stats->peak_in_use);
    add_peak(text, stats);
    if (resident != 0) {
        add(text, "\n  resident   ");
        add_bytes(text, resident);
        add(text, " at most, with code and stacks");
    }
    if (depth == REPORT_WALK) {
        add_walk(text, stats);
    }
    add(text,
        "\n  calls      %" PRIu64 " alloc, %" PRIu64 " calloc, %" PRIu64 " realloc, %" PRIu64
        " aligned",
        stats->allocs, stats->callocs, stats->reallocs, stats->aligned_allocs);
    if (depth == REPORT_WALK) {
        add(text, ", %" PRIu64 " free", stats->frees);
    }
    add(text, "; %" PRIu64 " failed, %" PRIu64 " misuse%s\n", stats->failures, stats->misuses,
        plural(stats->misuses));
}

static void add_text(Text *text, const Mem_Stats *stats, ReportDepth depth)
{
    size_t resident = read_resident();

    add(text, "libmem: %.255s (process %ld)", program_invocation_short_name, (long)getpid());
    if (stats->peak_in_use < LITTLE && stats->failures == 0 && stats->misuses == 0) {
        add_line(text, stats, resident);
    } else {
        add_lines(text, stats, depth, resident);
    }
}

/* ------------------------------------------------------------------------------------------------
 * JSON
 * --------------------------------------------------------------------------------------------- */

/* Appends a name, escaped for a JSON string. Bytes outside ASCII are escaped, too: they may not be
 * UTF-8. */
static void add_quoted(Text *text, const char *name)
{
    size_t most = text->length + 255;

    for (; *name != '\0' && text->length < most; name++) {
        unsigned char letter = (unsigned char)*name;

        if (letter < ' ' || letter > '~') {
            add(text, "\\u%04x", letter);
        } else {
            add(text, "%s%c", letter == '"' || letter == '\\' ? "\\" : "", letter);
        }
    }
}

/* Appends a member with a number. */
static void add_member(Text *text, const char *name, uint64_t number)
{
    add(text, ",\"%s\":%" PRIu64, name, number);
}

static void add_json(Text *text, const Mem_Stats *stats, ReportDepth depth)
{
    unsigned peak = permille(stats->peak_in_use, stats->capacity);

    add(text, "{\"program\":\"");
    add_quoted(text, program_invocation_short_name);
    add(text, "\",\"pid\":%ld", (long)getpid());
    add_member(text, "capacity", stats->capacity);
    add_member(text, "peak_in_use", stats->peak_in_use);
    add(text, ",\"peak_percent\":%u.%u", peak / 10, peak % 10);
    add_member(text, "peak_resident", read_resident());
    if (depth == REPORT_WALK) {
        add_member(text, "bytes_in_use", stats->bytes_in_use);
        add_member(text, "blocks_in_use", stats->blocks_in_use);
        add_member(text, "bytes_free", stats->bytes_free);
        add_member(text, "blocks_free", stats->blocks_free);
        add_member(text, "largest_free", stats->largest_free);
        add_member(text, "fragmentation", stats->fragmentation);
        add_member(text, "frees", stats->frees);
    }
    add_member(text, "bookkeeping", stats->bookkeeping);
    add_member(text, "allocs", stats->allocs);
    add_member(text, "callocs", stats->callocs);
    add_member(text, "reallocs", stats->reallocs);
    add_member(text, "aligned_allocs", stats->aligned_allocs);
    add_member(text, "failures", stats->failures);
    add_member(text, "misuses", stats->misuses);
    add(text, "}\n");
}

/* --------------------------------------------------------------------------------------------- */

/* Writes in one piece, so that the reports of several processes do not mix. */
bool report_print(int file, ReportFormat format, ReportDepth depth, Mem_Region *region)
{
    Mem_Stats stats = {.capacity = 0};
    Text text = {.length = 0};

    if (region != NULL && depth == REPORT_WALK) {
        Mem_RegionGetStats(region, &stats);
    } else if (region != NULL) {
        stats_count(region_of(region), &stats);
    }
    if (format == REPORT_JSON) {
        add_json(&text, &stats, depth);
    } else {
        add_text(&text, &stats, depth);
    }
    return write(file, text.bytes, text.length) >= 0;
}
