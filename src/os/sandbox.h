/* SPDX-License-Identifier: MIT
 *
 * Filters of system calls, seccomp(2). A forbidden call may end the process, and there is no way to
 * ask beforehand. Where there may be a filter, libmem makes only those system calls that the C
 * library's malloc() makes, too. */
#ifndef MEM_SRC_SANDBOX_H
#define MEM_SRC_SANDBOX_H

#include <stdbool.h>

/* Returns whether the process was started with a filter, or may have been, as the system does not
 * tell. Asked once: when this library is loaded, or at an earlier call. At that time files can be
 * opened, since the loader has just done so. */
bool sandbox_is_inherited(void);

#endif
