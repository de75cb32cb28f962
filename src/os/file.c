/* SPDX-License-Identifier: MIT */
#include "os/file.h"

#include <fcntl.h>
#include <stdint.h>

#include "os/kernel.h"

/* Reads until the end of the file or of the buffer: files in /proc may come in pieces. */
static size_t read_all(long file, char *text, size_t room)
{
    size_t length = 0;

    while (length < room) {
        long got = kernel_call(SYS_read, file, (long)(uintptr_t)(text + length),
                               (long)(room - length), 0, 0, 0);

        if (got == 0 || (got < 0 && got != -EINTR)) {
            break;
        }
        length += got > 0 ? (size_t)got : 0;
    }
    return length;
}

size_t file_read(const char *path, char *text, size_t size)
{
    long file = kernel_call(SYS_openat, AT_FDCWD, (long)(uintptr_t)path, O_RDONLY | O_CLOEXEC, 0, 0,
                            0);
    size_t length = 0;

    if (file >= 0) {
        length = read_all(file, text, size - 1);
        kernel_call(SYS_close, file, 0, 0, 0, 0, 0);
    }
    text[length] = '\0';
    return length;
}
