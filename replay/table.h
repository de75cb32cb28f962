/* SPDX-License-Identifier: MIT
 *
 * A growing table, filled with zeros. */
#ifndef MEM_REPLAY_TABLE_H
#define MEM_REPLAY_TABLE_H

#include <stddef.h>

/* Returns a table of *count entries, grown to contain an index, and updates *count. Ends the
 * program without memory. */
void *table_grow(void *table, size_t *count, size_t index, size_t bytes);

#endif
