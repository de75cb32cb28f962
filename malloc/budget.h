/* SPDX-License-Identifier: MIT
 *
 * The memory available to a program: that of the machine, or less if its control group or the
 * system's commit limit says so. */
#ifndef MEM_MALLOC_BUDGET_H
#define MEM_MALLOC_BUDGET_H

#include <stddef.h>

typedef struct Budget {
    size_t whole; /* bytes available at most; percentages refer to it */
    size_t share; /* bytes that one program may take without being told to */
} Budget;

/* Reads the budget. root: a prefix for the paths of system files, "" except in tests. Calls nothing
 * that a program can replace. */
Budget budget_read(const char *root);

#endif
