/* SPDX-License-Identifier: MIT
 *
 * The system calls of the library, seen from outside the process: a child is traced, and its system
 * calls between two marks are counted. Creating a region takes exactly one mmap(), and operations
 * on blocks take no system call at all. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"

#ifdef __has_include
#if __has_include(<linux/ptrace.h>)
#include <linux/ptrace.h>
#endif
#endif

#if defined(PTRACE_GET_SYSCALL_INFO) && defined(PTRACE_SYSCALL_INFO_ENTRY)

enum { SIZE = 1 << 20, CALLS_MAX = 64 };

#ifdef SYS_mmap2
enum { MMAP_NUMBER = SYS_mmap2 };
#else
enum { MMAP_NUMBER = SYS_mmap };
#endif

/* Marks a place by a system call that nothing else makes. */
static void mark(void)
{
    syscall(SYS_getppid);
}

/* The system calls between the marks. */
typedef struct Trace {
    size_t count;
    uint64_t numbers[CALLS_MAX];
} Trace;

static size_t count_calls(const Trace *trace, uint64_t number)
{
    size_t count = 0;

    for (size_t i = 0; i < trace->count && i < CALLS_MAX; i++) {
        count += trace->numbers[i] == number;
    }
    return count;
}

/* Continues to the child's next system call, its start or its end. Returns false if the child has
 * ended. */
static bool next_stop(pid_t child, int *status)
{
    if (ptrace(PTRACE_SYSCALL, child, 0, 0) != 0 || waitpid(child, status, 0) != child) {
        return false;
    }
    return !WIFEXITED(*status) && !WIFSIGNALED(*status);
}

static bool watch_child(pid_t child, Trace *trace, int *status)
{
    int marks = 0;

    if (ptrace(PTRACE_SETOPTIONS, child, 0, (void *)PTRACE_O_TRACESYSGOOD) != 0) {
        return false;
    }
    while (next_stop(child, status)) {
        struct ptrace_syscall_info info;

        if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) <= 0) {
            return false;
        }
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY) {
            continue;
        }
        if (info.entry.nr == SYS_getppid) {
            marks++;
        } else if (marks == 1) {
            if (trace->count < CALLS_MAX) {
                trace->numbers[trace->count] = info.entry.nr;
            }
            trace->count++;
        }
    }
    return marks == 2;
}

/* Runs an action in a traced child. Returns false if that is not possible here. The action returns
 * false if something went wrong that has nothing to do with tracing. */
static bool trace_action(bool (*action)(void), Trace *trace)
{
    int status;
    pid_t child;

    *trace = (Trace){.count = 0};
    fflush(NULL);
    child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
            _exit(SUPPORT_SKIPPED);
        }
        raise(SIGSTOP);
        _exit(action() ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
        support_skip("this process must not be traced");
        return false;
    }
    if (!watch_child(child, trace, &status)) {
        support_skip("the system does not tell which call was made");
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return false;
    }
    ck_assert_int_eq(status, 0);
    return true;
}

/* The region of the actions below. */
static Mem_Region *region;

static bool create(void)
{
    mark();
    region = Mem_RegionCreate(SIZE, NULL);
    mark();
    return region != NULL;
}

static bool create_huge(void)
{
    const Mem_Options huge = {.flags = MEM_HUGE};

    mark();
    region = Mem_RegionCreate(SIZE, &huge);
    mark();
    return region != NULL;
}

static bool init(void)
{
    int result;

    mark();
    result = Mem_Init(SIZE);
    mark();
    return result == 0;
}

static bool destroy(void)
{
    int result;

    region = Mem_RegionCreate(SIZE, NULL);
    mark();
    result = Mem_RegionDestroy(region);
    mark();
    return result == 0;
}

static bool create_inside(void)
{
    static _Alignas(8) char memory[SIZE];

    mark();
    region = Mem_RegionCreateAt(memory, sizeof memory, NULL);
    Mem_RegionFree(region, Mem_RegionAlloc(region, 1000));
    Mem_RegionDestroy(region);
    mark();
    return region != NULL;
}

/* Fills and empties the region, twice. */
static bool use(void)
{
    static void *blocks[SIZE / 8];
    Random source = {1};
    bool sound = true;

    region = Mem_RegionCreate(SIZE, NULL);
    mark();
    for (int round = 0; round < 3; round++) {
        size_t count = 0;

        while ((blocks[count] = Mem_RegionAlloc(region, random_scaled(&source, 1000))) != NULL) {
            count++;
        }
        for (size_t i = 0; i < count; i += 2) {
            void *resized = Mem_RegionRealloc(region, blocks[i], random_scaled(&source, 1000));

            blocks[i] = resized != NULL ? resized : blocks[i];
        }
        for (size_t i = 0; i < count; i++) {
            sound = Mem_RegionFree(region, blocks[i]) == 0 && sound;
        }
        Mem_RegionFree(region, Mem_RegionCalloc(region, 1, SIZE / 2));
        Mem_RegionFree(region, Mem_RegionAlignedAlloc(region, 4096, SIZE / 2));
        Mem_RegionFree(region, Mem_RegionAlloc(region, 2 * SIZE));
        sound = Mem_RegionCheck(region) == 0 && sound;
        sound = Mem_RegionReset(region) == 0 && sound;
    }
    mark();
    return sound;
}

START_TEST(region_takes_one_mmap)
{
    Trace trace;

    for (int i = 0; i < 2; i++) {
        if (!trace_action(i == 0 ? create : init, &trace)) {
            return;
        }
        ck_assert_uint_eq(count_calls(&trace, MMAP_NUMBER), 1);
        ck_assert_uint_eq(count_calls(&trace, SYS_mprotect), 3); /* the guards */
        ck_assert_uint_eq(count_calls(&trace, SYS_madvise), 2);  /* one of them has no pages */
        ck_assert_uint_eq(count_calls(&trace, SYS_brk), 0);
        ck_assert_uint_eq(trace.count, 6);
    }
}
END_TEST

START_TEST(huge_pages_are_asked_for)
{
    Trace trace;

    if (trace_action(create_huge, &trace)) {
        ck_assert_uint_eq(count_calls(&trace, MMAP_NUMBER), 1);
        ck_assert_uint_eq(count_calls(&trace, SYS_madvise), 3);
        ck_assert_uint_eq(trace.count, 7);
    }
}
END_TEST

START_TEST(region_takes_one_munmap)
{
    Trace trace;

    if (trace_action(destroy, &trace)) {
        ck_assert_uint_eq(count_calls(&trace, SYS_munmap), 1);
        ck_assert_uint_eq(trace.count, 1);
    }
}
END_TEST

START_TEST(region_inside_memory_takes_no_call)
{
    Trace trace;

    if (trace_action(create_inside, &trace)) {
        ck_assert_uint_eq(trace.count, 0);
    }
}
END_TEST

START_TEST(blocks_take_no_call)
{
    Trace trace;

    if (trace_action(use, &trace)) {
        ck_assert_uint_eq(trace.count, 0);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("trace");

    if (support_is_emulated() || support_is_sanitized()) {
        support_skip("emulators and sanitizers make system calls of their own");
        return SUPPORT_SKIPPED;
    }
    tcase_add_test(tests, region_takes_one_mmap);
    tcase_add_test(tests, huge_pages_are_asked_for);
    tcase_add_test(tests, region_takes_one_munmap);
    tcase_add_test(tests, region_inside_memory_takes_no_call);
    tcase_add_test(tests, blocks_take_no_call);
    return support_end();
}

#else

int main(void)
{
    support_skip("the headers know no PTRACE_GET_SYSCALL_INFO");
    return SUPPORT_SKIPPED;
}

#endif
