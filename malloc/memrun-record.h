/* SPDX-License-Identifier: MIT
 *
 * memrun --record: has the program recorded that memrun is about to become. */
#ifndef MEM_MALLOC_MEMRUN_RECORD_H
#define MEM_MALLOC_MEMRUN_RECORD_H

enum { MEMRUN_STACK = 64 /* the most callers beyond the first one */ };

/* Starts the process that writes the file, and says in the environment where to. With %p in the name, each process
 * writes a file of its own. stack: callers beyond the first, in digits. Returns NULL; or what is wrong, with errno. */
const char *memrun_record(const char *file, const char *stack);

#endif
