/* SPDX-License-Identifier: MIT
 *
 * Chunks that are frames of the file itself: for programs without a process that writes for them. What was recorded is
 * in the file at once, however the program ends. */
#ifndef MEM_RECORD_SOURCE_FILE_H
#define MEM_RECORD_SOURCE_FILE_H

#include <stdbool.h>

#include "record/source.h"

/* Begins the file that LIBMEM_RECORD names; "%p" in the name stands for the process. Without it, a file that has
 * something is left alone, for the process that wrote it may still run. False: the variable is not set, or there can be no
 * such file, which has been said. Calls no function that others may replace. */
bool source_file_open(uint64_t *start);

extern const Source source_file;

#endif
