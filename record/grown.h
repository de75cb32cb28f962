/* SPDX-License-Identifier: MIT
 *
 * A file that LIBMEM_RECORD names, and that grows while it is mapped. */
#ifndef MEM_RECORD_GROWN_H
#define MEM_RECORD_GROWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether there is to be such a file; and whether its name has "%p" in it, so that each process has its own. */
bool grown_is_wanted(void);
bool grown_is_each(void);

/* Begins the file, with a TraceHeader that takes a page. start: ns since 1970 of time 0. A file that has something is left
 * alone, for the process that wrote it may still run; with "%p", another name is tried. False: there can be none, which
 * has been said. Calls no function that others may replace. */
bool grown_open(uint64_t start);

/* Maps more of the file, a multiple of a page: all 0. NULL: there is none; the process is recorded no more, which has
 * been said. */
void *grown_take(size_t bytes);

/* Ends the file: nothing is missing, and it grows no more. */
void grown_end(void);

#endif
