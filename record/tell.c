/* SPDX-License-Identifier: MIT */
#include "record/tell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/kernel.h"

void tell_line(const char *format, ...)
{
    int saved = errno;
    char line[512] = "libmem: ";
    size_t length = strlen(line);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    length = strlen(line);
    line[length++] = '\n';
    kernel_call(SYS_write, STDERR_FILENO, (long)(uintptr_t)line, (long)length, 0, 0, 0);
    errno = saved;
}
