/* SPDX-License-Identifier: MIT
 *
 * What a trace tells of the program and the machine. */
#ifndef MEM_RECORD_INFO_H
#define MEM_RECORD_INFO_H

#include <stddef.h>

/* Writes a "key=value" a line. Bytes of a value that are no text are written as \xHH. Returns the length. */
size_t info_write(char *text, size_t size);

#endif
