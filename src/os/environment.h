/* SPDX-License-Identifier: MIT
 *
 * What the kernel has told the program: its environment, and the auxiliary vector. Read where the kernel has put
 * it, since the C library knows of it only after some libraries have allocated, and its functions may be
 * replaced by others that allocate themselves. */
#ifndef MEM_SRC_ENVIRONMENT_H
#define MEM_SRC_ENVIRONMENT_H

/* The value of a variable; NULL if it is not set, is empty, or the program runs with other rights than those of who
 * started it. */
const char *environment_get(const char *name);

/* An entry of the auxiliary vector, by its type as in elf.h. 0: there is none. */
unsigned long environment_auxiliary(unsigned long type);

#endif
