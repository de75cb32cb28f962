/* SPDX-License-Identifier: MIT */
#ifndef MEM_MALLOC_REPORT_EXIT_H
#define MEM_MALLOC_REPORT_EXIT_H

/* Writes the report that is due at exit, if any, since a signal ends the process. Safe in a signal
 * handler. */
void report_at_signal(void);

#endif
