/* SPDX-License-Identifier: MIT
 *
 * Ends by a signal, or not. The argument tells what it does before. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { CAUGHT = 3 /* exit status if a handler of this program runs */ };

typedef void Handler(int number);

/* Deprecated, or not declared, by headers */
Handler *use_sigset(int number, Handler *handler) __asm__("sigset");
Handler *use_sysv_signal(int number, Handler *handler) __asm__("__sysv_signal");

static void on_signal(int number)
{
    (void)number;
    exit(CAUGHT);
}

static void expect_default(int number)
{
    struct sigaction action;

    EXPECT(sigaction(number, NULL, &action) == 0);
    EXPECT(action.sa_handler == SIG_DFL);
}

/* What the program asks about the signal, and each way to set a handler. */
static void set_in_all_ways(int number)
{
    static Handler *(*const ways[])(int, Handler *) = {signal, use_sigset, use_sysv_signal};
    struct sigaction caught = {.sa_handler = on_signal};
    struct sigaction before;

    expect_default(number);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        EXPECT(ways[i](number, on_signal) == SIG_DFL);
        EXPECT(ways[i](number, SIG_IGN) == on_signal);
        EXPECT(ways[i](number, SIG_DFL) == SIG_IGN);
        EXPECT(ways[i](number, SIG_DFL) == SIG_DFL);
    }
    expect_default(number);
    EXPECT(sigaction(number, &caught, &before) == 0 && before.sa_handler == SIG_DFL);
    EXPECT(sigaction(number, &before, &caught) == 0 && caught.sa_handler == on_signal);
    expect_default(number);
}

static void fork_and_end(int number)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        raise(number);
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == number);
}

static void *allocate_for_ever(void *unused)
{
    for (size_t size = 1;; size = size * 5 % 100003) {
        free(malloc(size));
    }
    return unused;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int number = argc > 2 && strcmp(argv[2], "INT") == 0 ? SIGINT : SIGTERM;
    void *block = malloc(3 << 20);
    pthread_t thread;

    EXPECT(block != NULL);
    if (strcmp(what, "asks") == 0) {
        set_in_all_ways(number);
    } else if (strcmp(what, "catches") == 0) {
        signal(number, on_signal);
    } else if (strcmp(what, "forks") == 0) {
        fork_and_end(number);
    } else if (strcmp(what, "busy") == 0) {
        EXPECT(pthread_create(&thread, NULL, allocate_for_ever, NULL) == 0);
        EXPECT(pthread_create(&thread, NULL, allocate_for_ever, NULL) == 0);
        usleep(20000);
    }
    kill(getpid(), number);
    if (strcmp(what, "busy") == 0) {
        pause(); /* another thread may get it */
    }
    free(block);
    return EXIT_SUCCESS;
}
