/* SPDX-License-Identifier: MIT
 *
 * Reads sizes as people write them. */
#ifndef MEM_MALLOC_SIZE_H
#define MEM_MALLOC_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* The syntax of a size, for messages. */
#define SIZE_SYNTAX "a number of bytes, as in 65536, 64K, 16MB or 1.5G, or 1% to 100%"

/* Reads at least one digit. Returns what follows the digits, or NULL if there are none, or the
 * number exceeds a size_t. */
const char *size_digits(const char *text, size_t *number);

/* Reads a size: a number of bytes; or with K, M, G or T behind it, powers of 1024, with at most six
 * digits behind a decimal point, and perhaps with B or iB; or with %, a part of the available
 * memory. Capital letters do not matter. Returns whether it is valid and from 1 to PTRDIFF_MAX
 * bytes. */
bool size_read(const char *text, size_t *size);

#endif
