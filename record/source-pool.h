/* SPDX-License-Identifier: MIT
 *
 * Chunks from memory that is shared with the process that writes the trace: see pool.h. */
#ifndef MEM_RECORD_SOURCE_POOL_H
#define MEM_RECORD_SOURCE_POOL_H

#include "record/pool.h"
#include "record/source.h"

/* Finds the memory that this process is to use, if it is recorded so. NULL: it is not. Calls no function that others may
 * replace. */
SharedPool *source_pool_open(void);

extern const Source source_pool;

#endif
