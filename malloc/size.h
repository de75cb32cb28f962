/* SPDX-License-Identifier: MIT
 *
 * Sizes as people write them. */
#ifndef MEM_MALLOC_SIZE_H
#define MEM_MALLOC_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* What is to be written, for messages. */
#define SIZE_SYNTAX "a number of bytes, with K, M, G or T behind it, or 1% to 100%"

/* Reads digits, at least one. Returns what follows them, or NULL if there are none, or more than a size_t holds. */
const char *size_digits(const char *text, size_t *number);

/* Reads a size: bytes, or with K, M, G or T behind it, for powers of 1024, or with %, of the
 * memory that there is. True if it is one, of 1 to PTRDIFF_MAX bytes. */
bool size_read(const char *text, size_t *size);

#endif
