/* SPDX-License-Identifier: MIT
 *
 * A report of what the program has asked of its heap, as text or JSON. */
#ifndef MEM_MALLOC_REPORT_H
#define MEM_MALLOC_REPORT_H

#include <stdbool.h>

#include "mem.h"
#include "settings.h"

/* The part of a report that only a walk through the region's blocks tells: the blocks at the end. */
typedef enum ReportDepth {
    REPORT_COUNTERS, /* leaves it out: takes no lock, and is safe in a signal handler */
    REPORT_WALK
} ReportDepth;

/* Writes a report of the region's present state to a file descriptor. Returns false, and sets errno, if that fails. */
bool report_print(int file, ReportFormat format, ReportDepth depth, Mem_Region *region);

#endif
