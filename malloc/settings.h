/* SPDX-License-Identifier: MIT
 *
 * What the environment says about the heap of the program. Read without malloc(), which may be what
 * is being started. */
#ifndef MEM_MALLOC_SETTINGS_H
#define MEM_MALLOC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/* The status that a process ends with if it can't have the heap that was asked for; as env(1) and its
 * like tell that it is them who failed. */
enum { SETTINGS_FAILED = 125 };

typedef enum ReportFormat { REPORT_NONE, REPORT_TEXT, REPORT_JSON } ReportFormat;

/* The size of the region, and whether it was asked for; if not, less will do. 0: what was asked for is none. Calls
 * no function that others may replace. */
size_t settings_size(bool *asked_for);

/* Flags of the region, for Mem_Options. Likewise. */
unsigned settings_flags(void);

/* Whether libraries may be loaded with RTLD_DEEPBIND. */
bool settings_keep_deepbind(void);

/* Ends the process, as there is no region of the size that was asked for. error: why not, if it is one. */
__attribute__((__noreturn__)) void settings_give_up(int error);

/* Complains of what else in the environment makes no sense. */
void settings_check(void);

/* What is to be reported at exit, and to which file; NULL: to stderr. A file alone asks for a text. */
ReportFormat settings_report(void);
const char *settings_report_file(void);

/* Writes a line to stderr: "libmem: ", and the rest as printf() has it. */
__attribute__((__format__(__printf__, 1, 2))) void settings_complain(const char *format, ...);

/* The same elsewhere; file: a descriptor. */
__attribute__((__format__(__printf__, 2, 3))) void settings_complain_to(int file,
                                                                        const char *format, ...);

#endif
