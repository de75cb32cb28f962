/* SPDX-License-Identifier: MIT
 *
 * Wraps prctl() and syscall(), by which a program can set a filter of system calls. Before a filter
 * is in force, libmem stops making system calls that malloc() of the C library does not make. All
 * arguments are passed on unchanged. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "cache/thread.h"
#include "family.h"
#include "filter.h"
#include "next.h"
#include "os/sandbox.h"

/* Constants of linux/seccomp.h, which not every system has. */
enum { MODE_STRICT = 1, MODE_FILTER = 2, SET_MODE_STRICT = 0, SET_MODE_FILTER = 1 };

typedef int Prctl(int option, long a, long b, long c, long d);
typedef long Syscall(long number, long a, long b, long c, long d, long e, long f);

/* In C these names would belong to functions with other arguments. */
EXPORT Prctl filter_prctl __asm__("prctl");
EXPORT Syscall filter_syscall __asm__("syscall");

/* A function pointer, and what dlsym() returns. */
typedef union Function {
    void *address;
    Prctl *prctl;
    Syscall *syscall;
} Function;

static Function next_prctl, next_syscall;

static bool is_set; /* by this process */

bool filter_is_set(void)
{
    return __atomic_load_n(&is_set, __ATOMIC_RELAXED) || sandbox_is_inherited();
}

static void note_filter(void)
{
    __atomic_store_n(&is_set, true, __ATOMIC_RELAXED);
    threads_restrict();
}

/* Returns the function that the program would call without this module. */
static Function find_next(Function *next, const char *name)
{
    return (Function){.address = next_find(&next->address, name)};
}

/* A constructor: both functions may be called where dlsym() may not be, in signal handlers and
 * after vfork(). */
__attribute__((__constructor__)) static void find_both(void)
{
    find_next(&next_prctl, "prctl");
    find_next(&next_syscall, "syscall");
}

/* Returns whether prctl() would set a filter. With a null filter it fails, which is how programs
 * ask whether filters are supported. */
static bool is_set_by_prctl(long option, long mode, long filter)
{
    return option == PR_SET_SECCOMP &&
           (mode == MODE_STRICT || (mode == MODE_FILTER && filter != 0));
}

static bool is_set_by_syscall(long number, long a, long b, long c)
{
#ifdef SYS_seccomp
    if (number == SYS_seccomp) {
        return a == SET_MODE_STRICT || (a == SET_MODE_FILTER && c != 0);
    }
#endif
    return number == SYS_prctl && is_set_by_prctl(a, b, c);
}

int filter_prctl(int option, long a, long b, long c, long d)
{
    if (UNLIKELY(is_set_by_prctl(option, a, b))) {
        note_filter();
    }
    return find_next(&next_prctl, "prctl").prctl(option, a, b, c, d);
}

long filter_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (UNLIKELY(is_set_by_syscall(number, a, b, c))) {
        note_filter();
    }
    return find_next(&next_syscall, "syscall").syscall(number, a, b, c, d, e, f);
}
