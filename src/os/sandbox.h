/* SPDX-License-Identifier: MIT
 *
 * Filters of system calls, seccomp(2): what they forbid may end the process, and there is no way to ask. So where
 * there may be one, no system call is made but those that malloc() of the C library makes, too. */
#ifndef MEM_SRC_SANDBOX_H
#define MEM_SRC_SANDBOX_H

#include <stdbool.h>

/* Whether the process was started with a filter, or may have been: the system does not tell. It is asked when
 * this library is loaded, or earlier if this is called earlier: then files can be opened, for the loader has
 * just done so. */
bool sandbox_is_inherited(void);

#endif
