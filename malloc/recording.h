/* SPDX-License-Identifier: MIT
 *
 * Whether the program's calls are recorded, as the environment has it. */
#ifndef MEM_MALLOC_RECORDING_H
#define MEM_MALLOC_RECORDING_H

#include <stdbool.h>

/* Begins to record, if that is asked for. Calls no function that others may replace. */
bool recording_open(void);

/* To be called once the region is there. This may allocate. */
void recording_prepare(void);

/* The number of the region in the trace. */
unsigned recording_region(void);

#endif
