/* SPDX-License-Identifier: MIT
 *
 * memrun --record: starts recording for the program that memrun is about to become. */
#ifndef MEM_MALLOC_MEMRUN_RECORD_H
#define MEM_MALLOC_MEMRUN_RECORD_H

enum { MEMRUN_STACK = 64 /* the most callers beyond the first one */ };

/* Starts the process that writes the file, and sets the environment for recording. With %p in the
 * name, each process writes a file of its own. stack: the number of callers beyond the first, in
 * digits. Returns NULL, or a message, with errno set. */
const char *memrun_record(const char *file, const char *stack);

#endif
