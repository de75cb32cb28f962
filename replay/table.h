/* SPDX-License-Identifier: MIT
 *
 * A table that grows, and is 0 where nothing was put in yet. */
#ifndef MEM_REPLAY_TABLE_H
#define MEM_REPLAY_TABLE_H

#include <stddef.h>

/* Returns a table of *count entries with room for one at an index; *count is how many it has then. Ends the program if
 * there is no memory. */
void *table_grow(void *table, size_t *count, size_t index, size_t bytes);

#endif
