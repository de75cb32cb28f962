/* SPDX-License-Identifier: MIT
 *
 * A library that replaces functions of the C library, as libraries that shift the time or watch the
 * network do. Each is looked up when it is first called, and that allocates. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

typedef long Any(long, long, long, long, long, long, long);

/* Defines a function under another name than its C name, which would have other arguments. */
#define REPLACE(function)                                                                          \
    Any replaced_##function __asm__(#function);                                                    \
    long replaced_##function(long a, long b, long c, long d, long e, long f, long g)               \
    {                                                                                              \
        static Any *next;                                                                          \
                                                                                                   \
        if (next == NULL) {                                                                        \
            void *volatile block = malloc(200);                                                    \
                                                                                                   \
            *(void **)(void *)&next = dlsym(RTLD_NEXT, #function);                                 \
            free(block);                                                                           \
        }                                                                                          \
        return next(a, b, c, d, e, f, g);                                                          \
    }

REPLACE(clock_gettime)
REPLACE(close)
REPLACE(getauxval)
REPLACE(getrandom)
REPLACE(getrlimit)
REPLACE(madvise)
REPLACE(mmap)
REPLACE(mprotect)
REPLACE(munmap)
REPLACE(open)
REPLACE(prctl)
REPLACE(pthread_key_create)
REPLACE(pthread_mutex_lock)
REPLACE(pthread_mutex_unlock)
REPLACE(pthread_once)
REPLACE(pthread_setspecific)
REPLACE(read)
REPLACE(secure_getenv)
REPLACE(syscall)
REPLACE(sysconf)
REPLACE(sysinfo)
REPLACE(write)
