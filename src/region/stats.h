/* SPDX-License-Identifier: MIT
 *
 * Reads the statistics of a region. */
#ifndef MEM_SRC_STATS_H
#define MEM_SRC_STATS_H

#include "region/region.h"

/* Fills in all figures. The region is locked, and its caches are hidden. */
void stats_read(Region *region, Mem_Stats *stats);

#endif
