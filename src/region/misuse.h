/* SPDX-License-Identifier: MIT
 *
 * Reports misuses: to the program's handler, and as LIBMEM_MISUSE says. */
#ifndef MEM_SRC_MISUSE_H
#define MEM_SRC_MISUSE_H

#include <stdbool.h>

#include "mem.h"

/* Returns whether a report would reach anybody; if not, a misuse need not be examined. */
bool misuse_is_heard(void);

/* Reads the environment now; otherwise that happens at the first misuse. */
void misuse_prepare(void);

/* Reports a misuse. The caller must have locked no region. Sets `sentence` if it is NULL. */
void misuse_report(Mem_Misuse *misuse);

#endif
