/* SPDX-License-Identifier: MIT
 *
 * Regions with caches, as they are where a kernel has membarrier(2) and where it has not. */
#ifndef MEM_TESTS_CACHED_BED_H
#define MEM_TESTS_CACHED_BED_H

#include "checked.h"

/* Calls after which a thread uses its cache. */
enum { CACHED_WARM = 1500 };

/* Bytes of the caller's memory in which a region has caches, for a thread or two. */
enum { CACHED_INSIDE = 10 << 20 };

/* Variants: with membarrier(2) and without; in a mapping and in memory of the test's own. The library
 * asks once in a process, and each test is a process. */
enum { CACHED_VARIANTS = 4 };

/* Calls of membarrier(2) so far. */
extern unsigned cached_barriers;

/* size: of the heap, at least; in memory of the test's own it has more, where that is needed for caches. */
Bed cached_open(int variant, size_t size);

/* Brings a thread to use its cache for blocks of some size. */
void cached_warm_up(const Bed *bed, size_t size);

/* Frees all of some blocks. */
bool cached_free_all(const Bed *bed, char **blocks, size_t count);

#endif
