/* SPDX-License-Identifier: MIT
 *
 * Small files of the system, such as those in /proc, read by system calls alone: while the heap is being made
 * nothing may be called that a program or a preloaded library can replace. */
#ifndef MEM_MALLOC_FILE_H
#define MEM_MALLOC_FILE_H

#include <stddef.h>

/* Reads a file from its beginning, size - 1 bytes at most, and puts a null byte behind them. Returns the bytes
 * read; if the file cannot be opened or read, 0, and the text is empty. errno stays as it is. */
size_t file_read(const char *path, char *text, size_t size);

#endif
