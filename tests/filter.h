/* SPDX-License-Identifier: MIT
 *
 * System calls that fail or are counted, whoever makes them and however: by a filter in the kernel,
 * for the rest of the process. */
#ifndef MEM_TESTS_FILTER_H
#define MEM_TESTS_FILTER_H

#include <stdbool.h>

/* Makes all calls of a number fail with an error. Returns false if the system has no filters. */
bool filter_refuse(long number, int error);

/* Counts all calls of a number, one in each process, and lets them through. If the system cannot,
 * the counter stays untouched. */
void filter_count(long number, unsigned *count);

#endif
