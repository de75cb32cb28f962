/* SPDX-License-Identifier: MIT
 *
 * Writes the report when SIGTERM or SIGINT ends the process. */
#ifndef MEM_MALLOC_ENDING_H
#define MEM_MALLOC_ENDING_H

/* Begins to watch those of the signals that have their default action. */
void ending_watch(void);

#endif
