/* SPDX-License-Identifier: MIT */
#include "replay/trial.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay/pass.h"

/* The trials of a process: of all, those whose index is `first` modulo `step`. */
typedef struct Share {
    Trial *trials;
    Player *players[TRIALS_MAX]; /* NULL: not of this process, or has failed */
    size_t count, first, step;
    size_t left; /* players */
} Share;

static void begin(Share *share)
{
    TraceError error;

    for (size_t i = share->first; i < share->count; i += share->step) {
        share->players[i] = player_create(&share->trials[i].options, &error);
        if (share->players[i] == NULL) {
            pass_fail(&error);
        }
        share->trials[i].failed = TRIAL_CARRIED;
        share->left++;
    }
}

static void end_one(Share *share, size_t index)
{
    Trial *trial = &share->trials[index];

    trial->reach = player_reach(share->players[index]);
    trial->total = player_total(share->players[index]);
    player_destroy(share->players[index]);
    share->players[index] = NULL;
    share->left--;
}

static void play_event(Share *share, const TraceEvent *event)
{
    for (size_t i = share->first; i < share->count; i += share->step) {
        if (share->players[i] != NULL && !player_play(share->players[i], event)) {
            share->trials[i].failed = event->number;
            end_one(share, i);
        }
    }
}

static void play_share(const TrialTrace *trace, Share *share, const char *what)
{
    Pass pass = pass_begin(trace->trace, trace->region, what);
    TraceEvent event;

    begin(share);
    while (share->left != 0 && pass_next(&pass, &event)) {
        play_event(share, &event);
    }
    for (size_t i = share->first; i < share->count; i += share->step) {
        if (share->players[i] != NULL) {
            end_one(share, i);
        }
    }
    pass_end(&pass);
}

/* Plays a share in a process of its own, which opens the trace itself: a file that two have open has one position. It is
 * silent, since what it meets the first process meets, too. */
static pid_t start(const TrialTrace *trace, Share share, const char *what)
{
    pid_t child = fork();

    if (child == 0) {
        TrialTrace own = *trace;

        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(STATUS_ERROR);
        }
        own.trace = pass_open(own.path);
        play_share(&own, &share, what);
        _exit(STATUS_CARRIED);
    }
    return child;
}

static void wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        fputs("memreplay: a process that plays a part of the trace has failed\n", stderr);
        exit(STATUS_ERROR);
    }
}

static size_t processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

void trial_play(const TrialTrace *trace, Trial *trials, size_t count, const char *what)
{
    const size_t bytes = TRIALS_MAX * sizeof *trials;
    pid_t children[TRIALS_MAX];
    size_t step = processors() < count ? processors() : count;
    Trial *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        fprintf(stderr, "memreplay: %s\n", strerror(errno));
        exit(STATUS_ERROR);
    }
    memcpy(shared, trials, count * sizeof *trials);
    fflush(NULL);
    for (size_t i = 1; i < step; i++) {
        Share share = {.trials = shared, .count = count, .first = i, .step = step};

        children[i] = start(trace, share, what);
    }
    play_share(trace, &(Share){.trials = shared, .count = count, .step = step}, what);
    for (size_t i = 1; i < step; i++) {
        if (children[i] < 0) { /* there are too many processes */
            play_share(trace, &(Share){.trials = shared, .count = count, .first = i, .step = step},
                       what);
        } else {
            wait_for(children[i]);
        }
    }
    memcpy(trials, shared, count * sizeof *trials);
    munmap(shared, bytes);
}
