/* SPDX-License-Identifier: MIT
 *
 * When and where the report is written: at exit, or when a signal ends the process. */
#include "report-exit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ending.h"
#include "report.h"
#include "start.h"

static ReportFormat exit_format;
static const char *exit_path; /* file to append the report to; NULL: stderr */

/* Whether the report was begun. */
static bool exit_reported;

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
static bool print(int file, ReportDepth depth)
{
    sigset_t signals, before;
    bool done;
    int error;

    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    done = report_print(file, exit_format, depth, start_get_region());
    error = errno;
    while (sigtimedwait(&signals, NULL, &(struct timespec){0, 0}) > 0) {
        /* so that none arrives when they are unblocked */
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return done;
}

static void tell_no_report(void)
{
    int error = errno;
    int file = find_stderr();

    if (file >= 0) {
        settings_complain_to(file, "cannot write the report to %.128s: %s", exit_path,
                             strerrordesc_np(error));
    }
}

static void report_to_file(ReportDepth depth)
{
    int file = open(exit_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    if (file < 0 || !print(file, depth)) {
        tell_no_report();
    }
    if (file >= 0) {
        close(file);
    }
}

static bool is_wanted(void)
{
    return exit_format != REPORT_NONE && settings_report_process(getpid());
}

/* Writes the report, once, if it is wanted of this process. */
static void report(ReportDepth depth)
{
    if (!is_wanted() || __atomic_exchange_n(&exit_reported, true, __ATOMIC_RELAXED)) {
        return;
    }
    if (exit_path != NULL) {
        report_to_file(depth);
    } else {
        print(find_stderr(), depth); /* -1: to nobody */
    }
}

void report_at_signal(void)
{
    report(REPORT_COUNTERS);
}

__attribute__((__constructor__)) static void prepare_report(void)
{
    exit_format = settings_report();
    exit_path = settings_report_file();
    if (is_wanted()) {
        keep_stderr();
        ending_watch();
    }
}

__attribute__((__destructor__)) static void report_at_exit(void)
{
    report(REPORT_WALK);
}
