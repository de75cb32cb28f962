/* SPDX-License-Identifier: MIT
 *
 * The environment and the auxiliary vector, read where the kernel has put them. The C library knows
 * them only after some libraries have allocated, and its functions may be replaced by others that
 * allocate themselves. */
#ifndef MEM_SRC_ENVIRONMENT_H
#define MEM_SRC_ENVIRONMENT_H

/* Returns the value of a variable; NULL if it is unset or empty, or if the program has gained
 * privileges by its start (set-user-ID, AT_SECURE). */
const char *environment_get(const char *name);

/* Returns an entry of the auxiliary vector by its type, a constant AT_… of elf.h; 0 if there is
 * none. */
unsigned long environment_auxiliary(unsigned long type);

#endif
