/* SPDX-License-Identifier: MIT
 *
 * System calls without the C library: programs and preloaded libraries replace its functions, and such a
 * replacement may allocate, and so come back here. errno stays as it is. Where the instruction is not known
 * here, the C library's syscall() is called. */
#ifndef MEM_SRC_KERNEL_H
#define MEM_SRC_KERNEL_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Makes a system call of up to six arguments. Returns its result, or the negative of an errno. */
static inline long kernel_call(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__) && defined(__LP64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__) && defined(__LP64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
    int saved = errno;
    long result = syscall(number, a, b, c, d, e, f);

    if (result == -1) {
        result = -errno;
    }
    errno = saved;
    return result;
#endif
}

#endif
