/* SPDX-License-Identifier: MIT */
#include "os/sandbox.h"

#include <string.h>

#include "os/file.h"

/* Returns whether /proc/self/status shows a filter, or cannot be read in full. Kernels without
 * filters have no such line. */
static bool read_status(void)
{
    static const char name[] = "\nSeccomp:\t";
    char text[8192];
    size_t length = file_read("/proc/self/status", text, sizeof text);
    const char *line = strstr(text, name);

    if (line == NULL) {
        return length == 0 || length == sizeof text - 1;
    }
    return line[sizeof name - 1] != '0';
}

bool sandbox_is_inherited(void)
{
    enum { UNKNOWN, NO, YES };
    static unsigned char answer = UNKNOWN;
    unsigned char known = __atomic_load_n(&answer, __ATOMIC_RELAXED);

    if (known == UNKNOWN) {
        known = read_status() ? YES : NO;
        __atomic_store_n(&answer, known, __ATOMIC_RELAXED);
    }
    return known == YES;
}

__attribute__((__constructor__)) static void ask_early(void)
{
    sandbox_is_inherited();
}
