/* SPDX-License-Identifier: MIT
 *
 * Reads small system files, such as those in /proc, by system calls alone: while the heap is being
 * made, no function may be called that a program or a preloaded library can replace. */
#ifndef MEM_MALLOC_FILE_H
#define MEM_MALLOC_FILE_H

#include <stddef.h>

/* Reads at most size - 1 bytes from the start of a file and appends a null byte. Returns the number
 * of bytes read. If the file cannot be opened or read, returns 0 and leaves an empty string. Keeps
 * errno. */
size_t file_read(const char *path, char *text, size_t size);

#endif
