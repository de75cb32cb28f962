/* SPDX-License-Identifier: MIT
 *
 * What the program has asked of its heap, told in words or as JSON. */
#ifndef MEM_MALLOC_REPORT_H
#define MEM_MALLOC_REPORT_H

#include <stddef.h>

#include "mem.h"
#include "settings.h"

/* Bytes that a report never exceeds. */
enum { REPORT_MAX = 1536 };

/* Writes a report of the region as it is now. Returns its length. */
size_t report_write(char *text, ReportFormat format, Mem_Region *region);

/* The same to a file; file: its descriptor. False, and errno: that failed. */
bool report_print(int file, ReportFormat format, Mem_Region *region);

#endif
