/* SPDX-License-Identifier: MIT
 *
 * fork() in a signal handler, at each instruction of a call, as a process with one thread may do:
 * both processes finish the call, and have a sound heap. The processor stops after each
 * instruction, which x86-64 can. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "checked.h"

#if defined(__x86_64__) && defined(REG_EFL)
#include <x86intrin.h>

enum {
    TRAP_FLAG = 0x100,
    HANGS_AFTER = 20,
    STRIDE = 29, /* instructions from one fork to the next, but in long runs */
    CALLS = 1100 /* after which a thread has a cache */
};

static struct {
    Mem_Region *region;
    void *block;
    pid_t process;
    bool in_child;
    unsigned stride;
    unsigned steps; /* of all calls, so that calls alike are interrupted at different places */
    unsigned forks; /* amid the last call */
    int bad_status; /* of the first child that failed */
} all;

/* Has the processor stop after each instruction, or not. */
static inline __attribute__((__always_inline__)) void step(bool on)
{
    __writeeflags(on ? __readeflags() | TRAP_FLAG : __readeflags() & ~(unsigned)TRAP_FLAG);
}

static void handle(int signal, siginfo_t *information, void *context)
{
    ucontext_t *interrupted = context;
    int saved = errno;
    int status = 0;
    pid_t child;

    (void)signal;
    (void)information;
    if (getpid() != all.process) { /* of a fork() that was stepped through */
        interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
        return;
    }
    if (++all.steps % all.stride != 0) {
        return;
    }
    child = fork();
    if (child == 0) {
        all.in_child = true;
        alarm(HANGS_AFTER);
        interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    } else if (waitpid(child, &status, 0) != child || status != 0) {
        all.bad_status = all.bad_status == 0 ? status + 1 : all.bad_status;
    }
    all.forks++;
    errno = saved;
}

/* Runs a call step by step. */
static void run(void (*call)(void))
{
    const struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};

    ck_assert_int_eq(sigaction(SIGTRAP, &action, NULL), 0);
    all.process = getpid();
    all.stride = support_times() > 1 ? 1 : STRIDE;
    all.forks = 0;
    all.bad_status = 0;
    step(true);
    call();
    step(false);
    if (all.in_child) {
        bool sound = all.region == NULL ||
                     (Mem_RegionCheck(all.region) == 0 &&
                      Mem_RegionFree(all.region, Mem_RegionAlloc(all.region, 24)) == 0);

        _exit(sound ? 0 : 1);
    }
    ck_assert_msg(all.bad_status == 0, "a child's status: %d", all.bad_status - 1);
    if (all.region != NULL) {
        ck_assert_int_eq(Mem_RegionCheck(all.region), 0);
    }
}

static void do_alloc(void)
{
    all.block = Mem_RegionAlloc(all.region, 24);
}

static void do_free(void)
{
    Mem_RegionFree(all.region, all.block);
}

static void do_check(void)
{
    Mem_RegionCheck(all.region);
}

static void do_reset(void)
{
    Mem_RegionReset(all.region);
}

static void do_fork(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        _exit(0);
    }
    if (!all.in_child) {
        waitpid(child, &status, 0);
    }
}

static void do_create(void)
{
    all.region = Mem_RegionCreate(1 << 18, NULL);
}

static void do_destroy(void)
{
    Mem_RegionDestroy(all.region);
    all.region = NULL;
}

static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {{"alloc", do_alloc}, {"free", do_free},   {"check", do_check},    {"reset", do_reset},
             {"fork", do_fork},   {"alloc", do_alloc}, {"destroy", do_destroy}};

START_TEST(fork_at_each_instruction)
{
    support_cache(_i != 0);
    run(do_create);
    ck_assert_ptr_nonnull(all.region);
    for (int i = 0; i < CALLS; i++) {
        Mem_RegionFree(all.region, Mem_RegionAlloc(all.region, 24));
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        run(calls[i].call);
        ck_assert_msg(all.forks != 0, "%s", calls[i].name);
    }
}
END_TEST

/* The calls in which the thread gets known, and gets its cache. */
START_TEST(fork_while_a_cache_is_made)
{
    unsigned long_calls = 0;

    support_cache(true);
    all.region = Mem_RegionCreate(1 << 22, NULL);
    for (int i = 0; i < CALLS / 2; i++) {
        if (i < 50 || i >= 480) {
            run(do_alloc);
            long_calls += all.forks >= 30;
            Mem_RegionFree(all.region, all.block);
        } else {
            Mem_RegionFree(all.region, Mem_RegionAlloc(all.region, 24));
        }
    }
    ck_assert_uint_ge(long_calls, 2);
    ck_assert_int_eq(Mem_RegionDestroy(all.region), 0);
}
END_TEST

int main(void)
{
    TCase *tests;

    if (support_is_emulated() || support_is_sanitized()) {
        support_skip("the processor cannot stop after each instruction here");
        return SUPPORT_SKIPPED;
    }
    tests = support_begin("fork-anywhere");
    tcase_add_loop_test(tests, fork_at_each_instruction, 0, 2);
    tcase_add_test(tests, fork_while_a_cache_is_made);
    return support_end();
}

#else

int main(void)
{
    support_skip("the processor cannot stop after each instruction");
    return SUPPORT_SKIPPED;
}

#endif
