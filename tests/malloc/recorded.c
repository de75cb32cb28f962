/* SPDX-License-Identifier: MIT
 *
 * A program to be recorded. What it does is its first argument; how often, the second. Its own blocks have a size that
 * others have not, 12321 bytes, so that they can be counted in the trace. */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "expect.h"

enum { SIZE = 12321, AT_A_TIME = 50, EVERY_THREAD = 20 };

static long times;

static volatile size_t too_much = SIZE_MAX / 4;

/* A block on its way from one thread to the other. */
static void *handed;

static void *take_all(void *argument)
{
    for (long i = 0; i < times; i++) {
        void *block;

        while ((block = __atomic_exchange_n(&handed, NULL, __ATOMIC_ACQUIRE)) == NULL) {
            sched_yield();
        }
        free(block);
    }
    return argument;
}

/* Each block is freed by another thread, and soon handed out again. */
static void hand_over(void)
{
    pthread_t thread;

    EXPECT(pthread_create(&thread, NULL, take_all, NULL) == 0);
    for (long i = 0; i < times; i++) {
        void *none = NULL;
        void *block = malloc(SIZE);

        EXPECT(block != NULL);
        while (!__atomic_compare_exchange_n(&handed, &none, block, false, __ATOMIC_RELEASE,
                                            __ATOMIC_RELAXED)) {
            none = NULL;
            sched_yield();
        }
    }
    EXPECT(pthread_join(thread, NULL) == 0);
}

static void *do_little(void *argument)
{
    for (int i = 0; i < EVERY_THREAD; i++) {
        free(malloc(SIZE));
    }
    return argument;
}

/* Many threads, each of which does little. */
static void storm(void)
{
    for (long i = 0; i < times; i += AT_A_TIME) {
        pthread_t threads[AT_A_TIME];

        for (int k = 0; k < AT_A_TIME; k++) {
            EXPECT(pthread_create(&threads[k], NULL, do_little, NULL) == 0);
        }
        for (int k = 0; k < AT_A_TIME; k++) {
            EXPECT(pthread_join(threads[k], NULL) == 0);
        }
    }
}

static void churn(void)
{
    for (long i = 0; i < times; i++) {
        free(malloc(SIZE));
    }
}

/* Allocates as often in a child. */
static void fork_child(void)
{
    pid_t child = fork();

    EXPECT(child >= 0);
    churn();
    if (child == 0) {
        exit(0);
    }
    EXPECT(waitpid(child, NULL, 0) == child);
}

/* One call of each kind. */
static void call_all(void)
{
    void *block = malloc(SIZE);

    block = realloc(block, SIZE);
    EXPECT(block != NULL);
    EXPECT(realloc(block, too_much) == NULL);
    free(block);
    free(calloc(1, SIZE));
    EXPECT(posix_memalign(&block, 4096, SIZE) == 0);
    free(block);
    free(aligned_alloc(64, SIZE));
    free(malloc(SIZE));
    EXPECT(malloc(too_much) == NULL);
    EXPECT(calloc(too_much, too_much) == NULL);
}

/* Keeps blocks, and is killed. */
static void be_killed(void)
{
    for (long i = 0; i < times; i++) {
        EXPECT(malloc(SIZE) != NULL);
    }
    kill(getpid(), SIGKILL);
}

/* Has a library for a while. */
static void load(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW);

    EXPECT(handle != NULL);
    churn();
    EXPECT(dlclose(handle) == 0);
    churn();
}

/* Kills the process that writes the trace, and goes on. */
static void kill_writer(void)
{
    const char *writer = strstr(getenv("LIBMEM_RECORDER"), "/proc/");

    EXPECT(writer != NULL);
    EXPECT(kill((pid_t)strtol(writer + strlen("/proc/"), NULL, 10), SIGKILL) == 0);
    churn();
}

/* Becomes a program that does something else, or the same in another way. */
static void become(char **argv)
{
    churn();
    EXPECT(execv(argv[3], argv + 3) == 0);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    times = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    if (strcmp(what, "hand-over") == 0) {
        hand_over();
    } else if (strcmp(what, "storm") == 0) {
        storm();
    } else if (strcmp(what, "churn") == 0) {
        churn();
    } else if (strcmp(what, "fork") == 0) {
        fork_child();
    } else if (strcmp(what, "calls") == 0) {
        call_all();
    } else if (strcmp(what, "killed") == 0) {
        be_killed();
    } else if (strcmp(what, "kill-writer") == 0) {
        kill_writer();
    } else if (strcmp(what, "load") == 0 && argc > 3) {
        load(argv[3]);
    } else if (strcmp(what, "become") == 0 && argc > 3) {
        become(argv);
    } else {
        EXPECT(argc < 0); /* no such word */
    }
    return 0;
}
