/* SPDX-License-Identifier: MIT
 *
 * The fence: a known pattern in the last bytes of a heap, which no block covers. A program that
 * writes past the end of the last block changes it. */
#ifndef MEM_SRC_FENCE_H
#define MEM_SRC_FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "heap/heap-data.h"

static const unsigned char fence_pattern[FENCE_BYTES] = "libmem: the end";

static inline void fence_set(void *fence)
{
    memcpy(fence, fence_pattern, sizeof fence_pattern);
}

static inline bool fence_holds(const void *fence)
{
    return memcmp(fence, fence_pattern, sizeof fence_pattern) == 0;
}

#endif
