/* SPDX-License-Identifier: MIT
 *
 * Free, past its short way: for what has tried that itself. */
#ifndef MEM_SRC_FREE_H
#define MEM_SRC_FREE_H

#include <stddef.h>

#include "mem.h"

/* Frees what caches_push has not, at a position as fast_position tells it. Returns what Mem_RegionFree does. */
int free_slowly(Mem_Region *handle, size_t start);

#endif
