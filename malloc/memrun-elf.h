/* SPDX-License-Identifier: MIT
 *
 * Tells which modules can be loaded into which programs. */
#ifndef MEM_MALLOC_MEMRUN_ELF_H
#define MEM_MALLOC_MEMRUN_ELF_H

#include <limits.h>
#include <stdbool.h>

/* Returns whether a file is a shared object for the machine that this program runs on. */
bool memrun_is_module(int file);

/* Finds a program as execvp() does: a name without a slash is looked for on the PATH. mode: what
 * the file must allow, as for access(). Returns whether there is one. */
bool memrun_find(const char *program, int mode, char path[static PATH_MAX]);

/* Returns why no module can be loaded into a program, as the end of a sentence that begins with the
 * path; the path is that of the program, or of its interpreter if the program is a script. Returns
 * NULL if nothing is in the way, or if the program cannot be run at all. */
const char *memrun_obstacle(const char *program, char path[static PATH_MAX]);

#endif
