/* SPDX-License-Identifier: MIT
 *
 * The one region of the program. It is made when it is first needed: that may be before any
 * constructor has run, and by several threads at once. It stays until the process is gone. */
#ifndef MEM_MALLOC_START_H
#define MEM_MALLOC_START_H

#include "mem.h"

/* NULL before it is first needed. */
extern Mem_Region *start_region;

/* Makes the region, unless it is there. Returns NULL if the system has no memory for one. */
Mem_Region *start_make_region(void);

#endif
