/* SPDX-License-Identifier: MIT
 *
 * Reads the statistics of a region. */
#ifndef MEM_SRC_STATS_H
#define MEM_SRC_STATS_H

#include "region/region.h"

enum { STATS_MILLION = 1000000 };

/* Returns the share of free memory that is not in the largest free block, in parts per million, rounded up: 0 only if
 * all that is free is one block, or nothing is. */
uint64_t stats_fragmentation(uint64_t bytes_free, uint64_t largest_free);

/* Fills in the counters alone, those that take no walk through the blocks; all others are 0. Needs
 * no lock, so some may be those of a moment later; spans count as a whole. */
void stats_count(Region *region, Mem_Stats *stats);

/* Fills in all figures. The region is locked, and its caches are hidden. */
void stats_read(Region *region, Mem_Stats *stats);

#endif
