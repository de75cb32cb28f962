/* SPDX-License-Identifier: MIT
 *
 * The rest of Free, for callers that have tried the short way themselves. */
#ifndef MEM_SRC_FREE_H
#define MEM_SRC_FREE_H

#include <stddef.h>

#include "mem.h"

/* Frees what caches_push has not, at a position from fast_position. Returns what Mem_RegionFree
 * does. */
int free_slowly(Mem_Region *handle, size_t start);

#endif
