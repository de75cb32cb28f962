/* SPDX-License-Identifier: MIT
 *
 * What happens when a misuse is caught: the program's handler, and what LIBMEM_MISUSE says. */
#ifndef MEM_SRC_MISUSE_H
#define MEM_SRC_MISUSE_H

#include <stdbool.h>

#include "mem.h"

/* Whether anybody wants to know: a misuse that nobody hears of need not be looked into. */
bool misuse_is_heard(void);

/* Looks at the environment now; else that happens at the first misuse. */
void misuse_prepare(void);

/* Reports a misuse. No region may be locked by the caller. `sentence` is filled in
 * if it is NULL. */
void misuse_report(Mem_Misuse *misuse);

#endif
