/* SPDX-License-Identifier: MIT */
#include "replay/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define PAUSE (SECOND / 5) /* between two lines */

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void progress_begin(Progress *progress, const char *what)
{
    *progress = (Progress){.what = isatty(STDERR_FILENO) ? what : NULL, .start = now()};
    progress->next = progress->start + SECOND;
}

void progress_tell(Progress *progress, double done)
{
    uint64_t time;
    double left;

    if (progress->what == NULL) {
        return;
    }
    time = now();
    if (time < progress->next) {
        return;
    }
    progress->next = time + PAUSE;
    progress->told = true;
    left = done <= 0 ? 0 : (double)(time - progress->start) / 1e9 * (1 - done) / done;
    fprintf(stderr, "\r\033[Kmemreplay: %s: %.0f %%, %.0f s left", progress->what, 100 * done,
            left);
}

void progress_end(Progress *progress)
{
    if (progress->told) {
        fputs("\r\033[K", stderr);
    }
    progress->told = false;
}
