/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_include) && __has_include(<linux/seccomp.h>)
#include <linux/filter.h>
#include <linux/seccomp.h>
#endif

#ifdef SECCOMP_RET_TRAP

/* A call with this as its last argument is let through. */
enum { LET_THROUGH = 0x6d656d };

/* Sets the action for calls of a number that are not let through. */
static bool install(long number, unsigned action)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]) + 4),
#else
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LET_THROUGH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool filter_refuse(long number, int error)
{
    return install(number, SECCOMP_RET_ERRNO | (unsigned)error);
}

#else

bool filter_refuse(long number, int error)
{
    (void)number;
    (void)error;
    return false;
}

#endif

#if defined(SECCOMP_RET_TRAP) && defined(__x86_64__) && defined(__LP64__)

static unsigned *counter;

/* Makes the call that the kernel has stopped. */
static void note_call(int signal, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    int saved = errno;
    long result;

    (void)signal;
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
    result = syscall(info->si_syscall, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                     registers[REG_R10], registers[REG_R8], LET_THROUGH);
    registers[REG_RAX] = result == -1 ? -errno : result;
    errno = saved;
}

void filter_count(long number, unsigned *count)
{
    struct sigaction action = {.sa_sigaction = note_call, .sa_flags = SA_SIGINFO | SA_NODEFER};

    counter = count;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSYS, &action, NULL) == 0) {
        install(number, SECCOMP_RET_TRAP);
    }
}

#else

void filter_count(long number, unsigned *count)
{
    (void)number;
    (void)count;
}

#endif
