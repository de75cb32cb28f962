/* SPDX-License-Identifier: MIT
 *
 * For programs run with libmem-malloc.so, which know nothing of libmem. */
#ifndef MEM_TESTS_MALLOC_EXPECT_H
#define MEM_TESTS_MALLOC_EXPECT_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Ends the program with a line on stderr, and status 1, if a condition does not hold. */
#define EXPECT(condition)                                                                          \
    ((condition) ? (void)0 : expect_failed(#condition, __FILE__, __LINE__, errno))

__attribute__((__noreturn__, __unused__)) static void expect_failed(const char *condition,
                                                                    const char *file, int line,
                                                                    int error)
{
    fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", file, line, condition, error);
    exit(EXIT_FAILURE);
}

/* Returns the resident bytes of the process, or 0 if unknown. */
__attribute__((__unused__)) static size_t expect_resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t total, pages = 0;

    if (file == NULL) {
        return 0;
    }
    EXPECT(fscanf(file, "%zu %zu", &total, &pages) == 2);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
