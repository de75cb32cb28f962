/* SPDX-License-Identifier: MIT */
#include "memrun-record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/stamp.h"
#include "record/writer.h"

/* Makes the memory shared by the program and the writer. Returns its descriptor, or -1. */
static int make_pool(SharedPool **pool, unsigned stack)
{
    int memory = memfd_create("libmem-recorder", MFD_CLOEXEC);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN); /* the limit of files holds for it, too */
    int result = memory < 0 ? -1 : ftruncate(memory, (off_t)POOL_BYTES);

    signal(SIGXFSZ, before);
    if (result != 0) {
        return -1;
    }
    *pool = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (*pool == MAP_FAILED) {
        return -1;
    }
    stamp_choose();
    memcpy((*pool)->magic, POOL_MAGIC, sizeof(*pool)->magic);
    (*pool)->version = POOL_VERSION;
    (*pool)->process = (uint32_t)getpid();
    (*pool)->clock = (uint32_t)stamp_clock;
    (*pool)->frequency = stamp_frequency;
    (*pool)->start = stamp_ns();
    (*pool)->stack = stack;
    return memory;
}

/* Makes a file empty, readable by its owner alone: a trace reveals much about a program. A device
 * or pipe stays as it is. */
static bool empty_file(int file)
{
    struct stat status;

    if (fstat(file, &status) != 0) {
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = ENOTSUP;
        return false;
    }
    return flock(file, LOCK_EX | LOCK_NB) == 0 && fchmod(file, 0600) == 0 &&
           ftruncate(file, 0) == 0;
}

/* Opens the file. Returns its descriptor, or -1. */
static int open_file(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (file < 0) {
        return -1;
    }
    if (!empty_file(file)) {
        int error = errno;

        close(file);
        errno = error == EWOULDBLOCK ? EBUSY : error;
        return -1;
    }
    return file;
}

/* Detaches this process from the terminal, and from the program's files and directory: a process in
 * a directory keeps its file system mounted. */
static void become_quiet(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ, SIGTSTP};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        signal(signals[i], SIG_IGN);
    }
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    setsid();
    if (chdir("/") != 0) {
        return; /* stays in the old directory */
    }
}

/* Runs the writer, after telling its starter that it is ready. */
__attribute__((__noreturn__)) static void be_writer(WriterJob *job, int ready)
{
    char byte = 0;

    become_quiet();
    job->pool->writer = (uint32_t)getpid();
    if (write(ready, &byte, 1) != 1) {
        _exit(EXIT_FAILURE);
    }
    close(ready);
    _exit(writer_run(job) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Starts the writer as an orphan: a program that waits for all of its children must not wait for
 * it. */
static bool start_writer(WriterJob *job)
{
    int ready[2];
    char byte;
    pid_t child;
    bool done;

    if (pipe2(ready, O_CLOEXEC) != 0) {
        return false;
    }
    child = fork();
    if (child == 0) {
        child = fork();
        if (child == 0) {
            be_writer(job, ready[1]);
        }
        _exit(child < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    close(ready[1]);
    done = child > 0 && waitpid(child, NULL, 0) == child && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return done;
}

static bool set_variable(const SharedPool *pool, int memory)
{
    char value[80];

    snprintf(value, sizeof value, "%u:/proc/%u/fd/%d", pool->process, pool->writer, memory);
    return setenv(POOL_VARIABLE, value, 1) == 0 && unsetenv("LIBMEM_RECORD") == 0;
}

/* Each process opens a file of its own: here it can only be seen whether there may be any. */
static const char *record_each(const char *path, const char *stack)
{
    char *directory = strndup(path, (size_t)(strrchr(path, '/') + 1 - path));
    bool done = directory != NULL && access(directory, W_OK | X_OK) == 0 &&
                setenv("LIBMEM_RECORD", path, 1) == 0 &&
                setenv("LIBMEM_RECORD_STACK", stack, 1) == 0 && unsetenv(POOL_VARIABLE) == 0;

    free(directory);
    return done ? NULL : path;
}

const char *memrun_record(const char *path, const char *stack)
{
    WriterJob job = {.path = path};
    int memory;

    if (strstr(path, "%p") != NULL) {
        return record_each(path, stack);
    }

    job.file = open_file(path);
    if (job.file < 0) {
        return path;
    }
    job.program = (int)syscall(SYS_pidfd_open, getpid(), 0);
    memory = job.program < 0 ? -1 : make_pool(&job.pool, (unsigned)strtoul(stack, NULL, 10));
    if (memory < 0 || !start_writer(&job) || !set_variable(job.pool, memory)) {
        return "the recorder";
    }
    munmap(job.pool, POOL_BYTES);
    close(memory);
    close(job.file);
    close(job.program);
    return NULL;
}
