/* SPDX-License-Identifier: MIT
 *
 * The actions of LIBMEM_MISUSE, in processes with it in their environment. A process reads the
 * variable at its first misuse, so each test runs in a child, and this program itself makes no
 * misuse. misuse.sh shows the same with programs that end. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"

enum { OUTPUT_MAX = 4096 };

static sigjmp_buf after_abort;

static void leave_abort(int signal_number)
{
    (void)signal_number;
    siglongjmp(after_abort, 1);
}

static void count_call(const Mem_Misuse *misuse, void *context)
{
    (void)misuse;
    ++*(int *)context;
}

static int note_first(const Mem_Block *block, void *context)
{
    *(void **)context = block->address;
    return 1;
}

/* Prints the expected line of a misuse. */
static void print_line(FILE *stream, Mem_Region *region, const char *sentence, const void *pointer,
                       const char *state, size_t size, const void *block)
{
    fprintf(stream, "libmem: misuse: %s: %p", sentence, pointer);
    if (block != NULL) {
        fprintf(stream, " in a %s of %zu bytes at %p", state, size, block);
    }
    if (region == NULL) {
        fprintf(stream, ", region %p\n", NULL);
    } else {
        void *first = NULL;

        Mem_RegionWalk(region, note_first, &first);
        fprintf(stream, ", region %p \"all \\\"kinds\\\"\", first block %p\n", (void *)region,
                first);
    }
}

/* Runs in a child: makes misuses of each kind, and writes the output expected on stderr to a
 * stream. */
static int misuse_all(FILE *expected, bool is_heard, bool handled)
{
    Mem_Region *region = Mem_RegionCreate(10000, &(Mem_Options){.name = "all \"kinds\""});
    char *used = Mem_RegionAlloc(region, 64);
    char *freed = Mem_RegionAlloc(region, 16);
    char *wall = Mem_RegionAlloc(region, 8);
    int calls = 0;
    int failures = 0;

    if (handled) {
        Mem_OnMisuse(count_call, &calls);
    }
    failures += Mem_RegionFree(region, freed) != 0;
    failures += Mem_RegionFree(region, freed) != -1 || errno != EINVAL;
    failures += Mem_RegionFree(region, used + 8) != -1 || errno != EINVAL;
    failures += Mem_RegionFree(region, used + 3) != -1 || errno != EINVAL;
    failures += Mem_RegionFree(region, &calls) != -1 || errno != EINVAL;
    failures += Mem_RegionRealloc(region, &calls, 1) != NULL || errno != EINVAL;
    failures += Mem_Free(used) != -1 || errno != EINVAL;
    memset(freed, 0xff, 8);
    failures += Mem_RegionFree(region, wall) != 0;
    failures += calls != (handled ? 7 : 0);
    if (is_heard) {
        print_line(expected, region,
                   "the pointer is in free memory: freed already, or never allocated", freed,
                   "free block", 16, freed);
        print_line(expected, region, "the pointer is inside a block in use, not at its start",
                   used + 8, "block in use", 64, used);
        print_line(expected, region, "the pointer is not aligned as a block is", used + 3,
                   "block in use", 64, used);
        print_line(expected, region, "the pointer is outside of the region's blocks", &calls, NULL,
                   0, NULL);
        print_line(expected, region, "the pointer is outside of the region's blocks", &calls, NULL,
                   0, NULL);
        print_line(expected, NULL, "there is no region that the pointer could be from", used, NULL,
                   0, NULL);
        print_line(expected, region, "a free block was written to after it was freed", freed,
                   "free block", 16, freed);
    }
    failures += Mem_RegionCheck(region) != 0 || Mem_RegionDestroy(region) != 0;
    return failures;
}

/* Reads a file to its end. */
static void read_all(int file, char *text)
{
    ssize_t length = pread(file, text, OUTPUT_MAX - 1, 0);

    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    close(file);
}

static int open_temporary(void)
{
    char name[] = "/tmp/libmem-test-XXXXXX";
    int file = mkstemp(name);

    ck_assert_int_ge(file, 0);
    unlink(name);
    return file;
}

typedef int Action(FILE *expected, bool is_heard, bool handled);

/* Runs a child with a value in its environment, and compares its stderr with its expectation.
 * first: a line before that; NULL: none. */
static void run_child(const char *value, const char *first, Action *action, bool is_heard,
                      bool handled)
{
    static char said[OUTPUT_MAX], expected[OUTPUT_MAX];
    int errors = open_temporary();
    int expectations = open_temporary();
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        FILE *stream = fdopen(expectations, "w");
        int failures;

        dup2(errors, STDERR_FILENO);
        if (value != NULL) {
            setenv("LIBMEM_MISUSE", value, 1);
        }
        if (first != NULL) {
            fputs(first, stream);
        }
        failures = action(stream, is_heard, handled);
        fclose(stream);
        exit(failures);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    read_all(errors, said);
    read_all(expectations, expected);
    ck_assert_str_eq(said, expected);
    ck_assert_int_eq(status, 0);
}

START_TEST(action_by_default)
{
    run_child(NULL, NULL, misuse_all, false, _i);
    run_child("", NULL, misuse_all, false, _i);
}
END_TEST

START_TEST(action_ignore)
{
    run_child("ignore", NULL, misuse_all, false, _i);
}
END_TEST

START_TEST(action_warn)
{
    run_child("warn", NULL, misuse_all, true, _i);
}
END_TEST

/* An invalid value is reported once, truncated if it is long, and taken as warn. */
START_TEST(action_that_is_none)
{
    static const char *const values[] = {"Warn", "abort ", "1", "warn,abort"};
    char first[200], longest[2000];

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(first, sizeof first,
                 "libmem: LIBMEM_MISUSE is \"%s\", not ignore, warn or abort; taken as warn\n",
                 values[i]);
        run_child(values[i], first, misuse_all, true, _i);
    }
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    snprintf(first, sizeof first,
             "libmem: LIBMEM_MISUSE is \"%.64s\", not ignore, warn or abort; taken as warn\n",
             longest);
    run_child(longest, first, misuse_all, true, _i);
}
END_TEST

/* The line is written before the process ends, and the region is not left locked. */
static int misuse_and_abort(FILE *expected, bool is_heard, bool handled)
{
    Mem_Region *region = Mem_RegionCreate(10000, &(Mem_Options){.name = "all \"kinds\""});
    char *block = Mem_RegionAlloc(region, 64);
    volatile int aborts = 0;
    int calls = 0;

    if (handled) {
        Mem_OnMisuse(count_call, &calls);
    }
    signal(SIGABRT, leave_abort);
    if (is_heard) {
        print_line(expected, region, "the pointer is inside a block in use, not at its start",
                   block + 8, "block in use", 64, block);
    }
    if (sigsetjmp(after_abort, 1) == 0) {
        Mem_RegionFree(region, block + 8);
    } else {
        aborts++;
    }
    return !(aborts == 1 && calls == handled && Mem_RegionFree(region, block) == 0 &&
             Mem_RegionCheck(region) == 0 && Mem_RegionDestroy(region) == 0);
}

START_TEST(action_abort)
{
    run_child("abort", NULL, misuse_and_abort, true, _i);
}
END_TEST

/* The variable is read once: later changes do not matter. */
static int misuse_and_change(FILE *expected, bool is_heard, bool handled)
{
    int local;
    int result;

    Mem_Init(1);
    result = Mem_Free(&local) != -1;
    setenv("LIBMEM_MISUSE", "abort", 1);
    result += Mem_Free(&local) != -1;
    unsetenv("LIBMEM_MISUSE");
    result += Mem_Free(&local) != -1;
    (void)expected;
    (void)is_heard;
    (void)handled;
    return result;
}

START_TEST(action_is_read_once)
{
    run_child("ignore", NULL, misuse_and_change, false, false);
}
END_TEST

/* If stderr is closed, a warning is lost, and nothing else. */
static int misuse_without_stderr(FILE *expected, bool is_heard, bool handled)
{
    int local;

    (void)expected;
    (void)is_heard;
    (void)handled;
    close(STDERR_FILENO);
    return Mem_Free(&local) != -1 || errno != EINVAL;
}

START_TEST(action_without_stderr)
{
    run_child("warn", NULL, misuse_without_stderr, true, false);
    run_child("nonsense", NULL, misuse_without_stderr, true, false);
}
END_TEST

/* A pending cancellation is not acted on while a misuse is reported: Mem_Free is not a cancellation
 * point. */
static int misuse_and_be_cancelled(FILE *expected, bool is_heard, bool handled)
{
    Mem_Region *region = Mem_RegionCreate(10000, &(Mem_Options){.name = "all \"kinds\""});
    int local;
    int result;

    (void)is_heard;
    (void)handled;
    pthread_cancel(pthread_self());
    result = Mem_RegionFree(region, &local) != -1;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    print_line(expected, region, "the pointer is outside of the region's blocks", &local, NULL, 0,
               NULL);
    return result + (Mem_RegionCheck(region) != 0);
}

START_TEST(action_of_a_cancelled_thread)
{
    run_child("warn", NULL, misuse_and_be_cancelled, true, false);
    run_child("no", "libmem: LIBMEM_MISUSE is \"no\", not ignore, warn or abort; taken as warn\n",
              misuse_and_be_cancelled, true, false);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("misuse-actions");

    tcase_add_loop_test(tests, action_by_default, 0, 2);
    tcase_add_loop_test(tests, action_ignore, 0, 2);
    tcase_add_loop_test(tests, action_warn, 0, 2);
    tcase_add_loop_test(tests, action_that_is_none, 0, 2);
    tcase_add_loop_test(tests, action_abort, 0, 2);
    tcase_add_test(tests, action_is_read_once);
    tcase_add_test(tests, action_without_stderr);
    tcase_add_test(tests, action_of_a_cancelled_thread);
    return support_end();
}
