/* SPDX-License-Identifier: MIT
 *
 * System calls without the C library, whose functions a program or a preloaded library may replace
 * by ones that allocate, and so come back here. Keeps errno. On processors not known here, calls
 * the C library's syscall(). */
#ifndef MEM_SRC_KERNEL_H
#define MEM_SRC_KERNEL_H

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 1 if a system call is an instruction here, 0 if it is a call of syscall(). */
#if ((defined(__x86_64__) || defined(__aarch64__)) && defined(__LP64__)) || defined(__i386__) ||   \
    (defined(__arm__) && defined(__ARM_EABI__))
#define KERNEL_INLINE 1
#else
#define KERNEL_INLINE 0
#endif

/* Makes a system call of up to six arguments. Returns its result, or a negated errno. */
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
#elif defined(__i386__)
    long result;

    /* The register of the sixth argument may be the compiler's frame pointer. */
    __asm__ volatile("pushl %7\n\t"
                     "pushl %%ebp\n\t"
                     "movl 4(%%esp), %%ebp\n\t"
                     "int $128\n\t"
                     "popl %%ebp\n\t"
                     "addl $4, %%esp"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "g"(f)
                     : "memory", "cc");
    return result;
#elif defined(__arm__) && defined(__ARM_EABI__)
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;
    long saved;

    /* r7 may be the compiler's frame pointer. */
    __asm__ volatile("mov %[saved], r7\n\t"
                     "mov r7, %[number]\n\t"
                     "svc 0\n\t"
                     "mov r7, %[saved]"
                     : "+r"(r0), [saved] "=&r"(saved)
                     : [number] "r"(number), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
                     : "memory");
    return r0;
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

/* A word of the time that futex(2) takes. It is wider than long where a 64-bit kernel runs programs
 * with short pointers (x32), and where only the call with 64-bit times exists. */
#if !defined(SYS_futex)
typedef int64_t KernelWord;
#define KERNEL_FUTEX SYS_futex_time64
#elif defined(__x86_64__) && !defined(__LP64__)
typedef int64_t KernelWord;
#define KERNEL_FUTEX SYS_futex
#else
typedef long KernelWord;
#define KERNEL_FUTEX SYS_futex
#endif

enum { KERNEL_FUTEX_WAIT = 0 | 128, KERNEL_FUTEX_WAKE = 1 | 128 /* private to this process */ };

/* Sleeps while a word has the given value: until woken, or for `ns` nanoseconds (less than a
 * second; 0: no limit). May return early. Returns -ETIMEDOUT when the time is over. Not a
 * cancellation point. */
static inline long kernel_wait(const unsigned *word, unsigned value, long ns)
{
    KernelWord time[2] = {0, ns};

    return kernel_call(KERNEL_FUTEX, (long)(uintptr_t)word, KERNEL_FUTEX_WAIT, (long)value,
                       ns == 0 ? 0 : (long)(uintptr_t)time, 0, 0);
}

/* Wakes one thread that sleeps in kernel_wait. */
static inline void kernel_wake(const unsigned *word)
{
    kernel_call(KERNEL_FUTEX, (long)(uintptr_t)word, KERNEL_FUTEX_WAKE, 1, 0, 0, 0);
}

#endif
