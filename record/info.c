/* SPDX-License-Identifier: MIT */
#include "record/info.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os/environment.h"
#include "os/file.h"
#include "os/kernel.h"
#include "os/pages.h"

/* Text that is being written. */
typedef struct Text {
    char *to;
    size_t size, length; /* of the room; of what is there, which is less */
} Text;

static void append(Text *text, const char *part)
{
    size_t left = text->size - text->length;
    size_t length = strlen(part);

    length = length < left ? length : left - 1;
    memcpy(text->to + text->length, part, length);
    text->length += length;
}

/* Appends a value: a line, whatever it has. */
static void append_value(Text *text, const char *value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char letter = (unsigned char)value[i];
        char quoted[8];

        if (letter < ' ' || letter == 127 || letter == '\\') {
            snprintf(quoted, sizeof quoted, "\\x%02x", letter);
        } else {
            quoted[0] = (char)letter;
            quoted[1] = '\0';
        }
        append(text, quoted);
    }
}

static void append_line(Text *text, const char *key, const char *value)
{
    append(text, key);
    append(text, "=");
    append_value(text, value, strlen(value));
    append(text, "\n");
}

static void append_number(Text *text, const char *key, unsigned long value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lu", value);
    append_line(text, key, digits);
}

static void append_program(Text *text)
{
    char path[1024];
    long length = kernel_call(SYS_readlinkat, AT_FDCWD, (long)(uintptr_t) "/proc/self/exe",
                              (long)(uintptr_t)path, sizeof path - 1, 0, 0);

    path[length < 0 ? 0 : length] = '\0';
    append_line(text, "program", path);
}

/* The arguments, with a space between them. */
static void append_arguments(Text *text)
{
    char arguments[2048];
    size_t length = file_read("/proc/self/cmdline", arguments, sizeof arguments);

    length -= length > 0 && arguments[length - 1] == '\0';
    for (size_t i = 0; i < length; i++) {
        if (arguments[i] == '\0') {
            arguments[i] = ' ';
        }
    }
    append(text, "arguments=");
    append_value(text, arguments, length);
    append(text, "\n");
}

static void append_machine(Text *text)
{
    struct utsname name;

    if (uname(&name) == 0) {
        append_line(text, "machine", name.machine);
        append_line(text, "system", name.sysname);
        append_line(text, "kernel", name.release);
    }
    append_number(text, "page", pages_size());
    append_number(text, "pointer", sizeof(void *));
}

static void append_settings(Text *text)
{
    static const char *const names[] = {"LIBMEM_SIZE", "LIBMEM_EXACT", "LIBMEM_HUGE",
                                        "LIBMEM_MISUSE", "LIBMEM_DEEPBIND"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = environment_get(names[i]);

        if (value != NULL) {
            append_line(text, names[i], value);
        }
    }
}

size_t info_write(char *text, size_t size)
{
    Text info = {.size = size};

    info.to = text;
    append_line(&info, "recorder", "libmem " PACKAGE_VERSION);
    append_program(&info);
    append_arguments(&info);
    append_number(&info, "process", (unsigned long)kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0));
    append_machine(&info);
    append_settings(&info);
    return info.length;
}
