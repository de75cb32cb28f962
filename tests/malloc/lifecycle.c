/* SPDX-License-Identifier: MIT
 *
 * malloc() at every time of a program's life: in constructors, in handlers of fork(), during
 * dlopen(), in destructors of thread variables, in handlers of exit(), in destructors. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { THREADS = 4, FORKS = 40, SLOTS = 64, SIZE = 300, HANGS_AFTER = 120 };

static char *early;
static pthread_key_t key;
static int destroyed;
static bool stop;

/* Allocates, writes and frees once. */
static void breathe(size_t size)
{
    char *block = malloc(size);

    EXPECT(block != NULL);
    memset(block, 'b', size);
    free(block);
}

static void handle_fork(void)
{
    breathe(SIZE);
}

/* Registered before handlers that are registered later: they run around this one. */
__attribute__((__constructor__)) static void construct(void)
{
    early = malloc(SIZE);
    EXPECT(early != NULL);
    strcpy(early, "before main");
    pthread_atfork(handle_fork, handle_fork, handle_fork);
}

__attribute__((__destructor__)) static void destruct(void)
{
    breathe(SIZE);
    free(early);
    if (write(STDOUT_FILENO, "destructor\n", 11) < 0) {
        _exit(EXIT_FAILURE);
    }
}

static void at_exit(void)
{
    breathe(SIZE * 1000);
    puts("atexit");
    fflush(stdout);
}

static void destroy(void *value)
{
    breathe(SIZE);
    free(value);
    __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
}

/* Allocates and frees until told to stop. */
static void *churn(void *argument)
{
    char *blocks[SLOTS] = {0};
    unsigned random = (unsigned)(uintptr_t)argument;

    pthread_setspecific(key, malloc(SIZE));
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        char **slot;

        random = random * 1103515245 + 12345;
        slot = &blocks[random >> 16 & (SLOTS - 1)];
        free(*slot);
        *slot = malloc(random >> 20);
        EXPECT(*slot != NULL);
    }
    for (int i = 0; i < SLOTS; i++) {
        free(blocks[i]);
    }
    return NULL;
}

static void *live_as_child(void *argument)
{
    for (size_t size = 1; size < 1 << 22; size *= 3) {
        breathe(size);
    }
    return argument;
}

/* Forks. The child does what it likes, with a thread of its own, too. */
static void fork_once(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        pthread_t thread;

        alarm(HANGS_AFTER);
        live_as_child(NULL);
        EXPECT(pthread_create(&thread, NULL, live_as_child, NULL) == 0);
        EXPECT(pthread_join(thread, NULL) == 0);
        _exit(strcmp(early, "before main"));
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(status == 0);
}

/* fork() is not a cancellation point, not even while it waits for others. */
static void *fork_cancelled(void *argument)
{
    EXPECT(pthread_cancel(pthread_self()) == 0);
    *(pid_t *)argument = fork();
    if (*(pid_t *)argument == 0) {
        _exit(EXIT_SUCCESS);
    }
    return argument;
}

static void fork_in_cancelled_thread(void)
{
    pthread_t thread;
    void *result;
    int status;
    pid_t child = 0;

    EXPECT(pthread_create(&thread, NULL, fork_cancelled, &child) == 0);
    EXPECT(pthread_join(thread, &result) == 0);
    EXPECT(result == &child);
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(status == 0);
}

static void fork_amid_threads(void)
{
    pthread_t threads[THREADS];

    EXPECT(pthread_key_create(&key, destroy) == 0);
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)(i + 1)) == 0);
    }
    for (int i = 0; i < FORKS; i++) {
        fork_once();
        fork_in_cancelled_thread();
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
    }
    EXPECT(destroyed == THREADS);
}

static void load_libraries(void)
{
    static const char *const names[] = {"libm.so.6", "libresolv.so.2", "libnss_files.so.2"};

    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

            if (library != NULL) {
                dlclose(library);
            }
        }
        EXPECT(dlopen("no such library", RTLD_NOW) == NULL && dlerror() != NULL);
    }
}

int main(void)
{
    alarm(HANGS_AFTER);
    EXPECT(early != NULL && strcmp(early, "before main") == 0);
    EXPECT(atexit(at_exit) == 0);
    fork_once();
    load_libraries();
    fork_amid_threads();
    fork_once();
    puts("main");
    return EXIT_SUCCESS;
}
