/* SPDX-License-Identifier: MIT
 *
 * How much memory there is for a program: the machine's, or less, where its group of processes (cgroup) or the
 * system's limit of promised memory says so. */
#ifndef MEM_MALLOC_BUDGET_H
#define MEM_MALLOC_BUDGET_H

#include <stddef.h>

typedef struct Budget {
    size_t whole; /* bytes that there are at most; percentages are of these */
    size_t share; /* bytes that one program may take without being told to */
} Budget;

/* Reads the budget. root: a directory that stands before the paths of the system's files; "" but in tests. Calls
 * nothing that a program can replace. */
Budget budget_read(const char *root);

#endif
