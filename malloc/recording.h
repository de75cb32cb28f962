/* SPDX-License-Identifier: MIT
 *
 * Recording of the program's calls, if the environment asks for it. */
#ifndef MEM_MALLOC_RECORDING_H
#define MEM_MALLOC_RECORDING_H

#include <stdbool.h>

/* Starts to record, if asked to. Returns whether calls are recorded. Calls no function that others
 * may replace. */
bool recording_open(void);

/* Finishes preparing, once there is a region. May allocate. */
void recording_prepare(void);

/* Returns the number of the region in the trace. */
unsigned recording_region(void);

#endif
