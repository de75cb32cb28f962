/* SPDX-License-Identifier: MIT */
#ifndef MEM_MALLOC_FILTER_H
#define MEM_MALLOC_FILTER_H

#include <stdbool.h>

/* Returns whether a filter of system calls may be in force. */
bool filter_is_set(void);

#endif
