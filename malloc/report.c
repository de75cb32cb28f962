/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "start.h"

/* Returns the tenths of a percent that one number is of another. */
static unsigned permille(size_t part, size_t whole)
{
    return whole == 0 ? 0 : (unsigned)((double)part * 1000.0 / (double)whole + 0.5);
}

static size_t write_text(char *text, const Mem_Stats *stats)
{
    unsigned peak = permille(stats->peak_in_use, stats->capacity);
    unsigned fragmented = (unsigned)((stats->fragmentation + 999) / 1000);
    int length = snprintf(
        text, REPORT_MAX,
        "libmem: %.255s (process %ld)\n"
        "  region  %zu bytes\n"
        "  in use  %zu bytes in %zu blocks\n"
        "  peak    %zu bytes, %u.%u %% of the region\n"
        "  free    %zu bytes in %zu blocks, largest %zu, %u.%u %% fragmented\n"
        "  calls   %" PRIu64 " alloc, %" PRIu64 " calloc, %" PRIu64 " realloc, %" PRIu64
        " aligned, %" PRIu64 " free; %" PRIu64 " failed, %" PRIu64 " misuses\n",
        program_invocation_short_name, (long)getpid(), stats->capacity, stats->bytes_in_use,
        stats->blocks_in_use, stats->peak_in_use, peak / 10, peak % 10, stats->bytes_free,
        stats->blocks_free, stats->largest_free, fragmented / 10, fragmented % 10, stats->allocs,
        stats->callocs, stats->reallocs, stats->aligned_allocs, stats->frees, stats->failures,
        stats->misuses);

    return (size_t)length;
}

/* Copies a name, escaped for a JSON string. Bytes outside ASCII are escaped, too: they may not be
 * UTF-8. */
static void quote(char *quoted, size_t size, const char *name)
{
    size_t used = 0;

    for (; *name != '\0' && used + 7 < size; name++) {
        unsigned char letter = (unsigned char)*name;

        if (letter < ' ' || letter > '~') {
            used += (size_t)snprintf(quoted + used, size - used, "\\u%04x", letter);
            continue;
        }
        if (letter == '"' || letter == '\\') {
            quoted[used++] = '\\';
        }
        quoted[used++] = (char)letter;
    }
    quoted[used] = '\0';
}

static size_t write_json(char *text, const Mem_Stats *stats)
{
    unsigned peak = permille(stats->peak_in_use, stats->capacity);
    char program[256];
    int length;

    quote(program, sizeof program, program_invocation_short_name);
    length = snprintf(
        text, REPORT_MAX,
        "{\"program\":\"%s\",\"pid\":%ld,\"capacity\":%zu,\"bytes_in_use\":%zu,"
        "\"blocks_in_use\":%zu,\"peak_in_use\":%zu,\"peak_percent\":%u.%u,\"bytes_free\":%zu,"
        "\"blocks_free\":%zu,\"largest_free\":%zu,\"fragmentation\":%" PRIu64
        ",\"bookkeeping\":%zu,\"allocs\":%" PRIu64 ",\"callocs\":%" PRIu64 ",\"reallocs\":%" PRIu64
        ",\"aligned_allocs\":%" PRIu64 ",\"frees\":%" PRIu64 ",\"failures\":%" PRIu64
        ",\"misuses\":%" PRIu64 "}\n",
        program, (long)getpid(), stats->capacity, stats->bytes_in_use, stats->blocks_in_use,
        stats->peak_in_use, peak / 10, peak % 10, stats->bytes_free, stats->blocks_free,
        stats->largest_free, stats->fragmentation, stats->bookkeeping, stats->allocs,
        stats->callocs, stats->reallocs, stats->aligned_allocs, stats->frees, stats->failures,
        stats->misuses);
    return (size_t)length;
}

size_t report_write(char *text, ReportFormat format, Mem_Region *region)
{
    Mem_Stats stats = {.capacity = 0};

    if (region != NULL) {
        Mem_RegionGetStats(region, &stats);
    }
    return format == REPORT_JSON ? write_json(text, &stats) : write_text(text, &stats);
}

/* Writes in one piece, so that the reports of several processes do not mix. */
bool report_print(int file, ReportFormat format, Mem_Region *region)
{
    char text[REPORT_MAX];
    size_t length = report_write(text, format, region);

    return write(file, text, length) >= 0;
}

/* ------------------------------------------------------------------------------------------------
 * At exit
 * --------------------------------------------------------------------------------------------- */

static ReportFormat exit_format;

/* Descriptors that may lead to stderr at exit: a copy made at the start, since programs may close
 * stderr before they end; and stderr itself, since they may close all others. Each is used only if
 * it still leads where stderr led at the start: programs open other files under free numbers. */
static int exit_copy = -1;
static struct stat exit_target;

enum { FILES_OF_PROGRAMS = 100 /* descriptors below are left to the program */ };

static void keep_stderr(void)
{
    if (fstat(STDERR_FILENO, &exit_target) == 0) {
        exit_copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FILES_OF_PROGRAMS);
    }
}

/* Returns whether a descriptor leads where stderr led at the start, and is writable. */
static bool is_stderr(int file)
{
    struct stat now;
    int flags = fcntl(file, F_GETFL);

    return flags != -1 && (flags & O_ACCMODE) != O_RDONLY && fstat(file, &now) == 0 &&
           now.st_dev == exit_target.st_dev && now.st_ino == exit_target.st_ino;
}

/* Returns a descriptor of stderr as it was at the start, or -1. */
static int find_stderr(void)
{
    return is_stderr(exit_copy) ? exit_copy : is_stderr(STDERR_FILENO) ? STDERR_FILENO : -1;
}

/* Prints the report. If nobody reads it, or there is no room for it, no signal ends the program:
 * its caller must see its exit status. */
static bool print_at_exit(int file)
{
    sigset_t signals, before;
    bool done;
    int error;

    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    done = report_print(file, exit_format, start_get_region());
    error = errno;
    while (sigtimedwait(&signals, NULL, &(struct timespec){0, 0}) > 0) {
        /* so that none arrives when they are unblocked */
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return done;
}

static void tell_no_report(const char *path)
{
    int error = errno;
    int file = find_stderr();

    if (file >= 0) {
        settings_complain_to(file, "cannot write the report to %.128s: %s", path,
                             strerrordesc_np(error));
    }
}

static void report_to_file(const char *path)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    if (file < 0 || !print_at_exit(file)) {
        tell_no_report(path);
    }
    if (file >= 0) {
        close(file);
    }
}

__attribute__((__constructor__)) static void prepare_report(void)
{
    exit_format = settings_report();
    if (exit_format != REPORT_NONE) {
        keep_stderr();
    }
}

__attribute__((__destructor__)) static void report_at_exit(void)
{
    const char *path;

    if (exit_format == REPORT_NONE) {
        return;
    }
    path = settings_report_file();
    if (path != NULL) {
        report_to_file(path);
    } else {
        print_at_exit(find_stderr()); /* -1: to nobody */
    }
}
