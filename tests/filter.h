/* SPDX-License-Identifier: MIT
 *
 * System calls that fail, or are counted, whoever makes them and however: by a filter of the kernel's, for the
 * rest of the process. */
#ifndef MEM_TESTS_FILTER_H
#define MEM_TESTS_FILTER_H

#include <stdbool.h>

/* Makes all calls of a number fail with an error. False: the system has no filters. */
bool filter_refuse(long number, int error);

/* Counts all calls of a number, of one in a process, and lets them be; a counter that is not written to: the
 * system can't. */
void filter_count(long number, unsigned *count);

#endif
