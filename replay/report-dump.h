/* SPDX-License-Identifier: MIT
 *
 * Reads a region's dump, as Mem_RegionDump(..., MEM_JSON) writes it, for a report of one moment. */
#ifndef MEM_REPLAY_REPORT_DUMP_H
#define MEM_REPLAY_REPORT_DUMP_H

#include "replay/collect.h"

/* False: error says what is wrong. */
bool report_read_dump(const char *path, Collection *collection, TraceError *error);

#endif
