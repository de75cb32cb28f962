/* SPDX-License-Identifier: MIT
 *
 * Regions with caches, on kernels with membarrier(2) and without. */
#ifndef MEM_TESTS_CACHED_BED_H
#define MEM_TESTS_CACHED_BED_H

#include "checked.h"

/* Calls after which a thread uses its cache. */
enum { CACHED_WARM = 1500 };

/* Bytes of the caller's memory from which on a region has caches, for a thread or two. */
enum { CACHED_INSIDE = 10 << 20 };

/* Variants: with membarrier(2) and without; in a mapping and in memory of the test. The library
 * asks once for each process, and each test is a process. */
enum { CACHED_VARIANTS = 4 };

/* Calls of membarrier(2) so far. */
extern unsigned cached_barriers;

/* Opens a region. size: of the heap, at least; in memory of the test it is larger if caches need
 * that. */
Bed cached_open(int variant, size_t size);

/* Makes the calling thread use its cache for blocks of this size. */
void cached_warm_up(const Bed *bed, size_t size);

/* Frees an array of blocks. Returns whether each free succeeded. */
bool cached_free_all(const Bed *bed, char **blocks, size_t count);

#endif
