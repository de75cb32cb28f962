/* SPDX-License-Identifier: MIT
 *
 * The settings of the program's heap in the environment. Read without malloc(), which may be
 * starting. */
#ifndef MEM_MALLOC_SETTINGS_H
#define MEM_MALLOC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The exit status of a process that cannot have the heap it asked for: that by which env(1) and the
 * like report a failure of their own. */
enum { SETTINGS_FAILED = 125 };

typedef enum ReportFormat { REPORT_NONE, REPORT_TEXT, REPORT_JSON } ReportFormat;

/* Returns the size of the region, and sets whether it was asked for; if not, less will do. Returns
 * 0 if the size asked for is invalid. Calls no function that others may replace. */
size_t settings_size(bool *asked_for);

/* Returns the region's flags for Mem_Options. Calls no function that others may replace. */
unsigned settings_flags(void);

/* Returns whether RTLD_DEEPBIND is let through. */
bool settings_keep_deepbind(void);

/* Ends the process with a message, as there is no region of the size asked for. error: the reason,
 * if the size is valid. */
__attribute__((__noreturn__)) void settings_give_up(int error);

/* Warns of other invalid settings in the environment. */
void settings_check(void);

/* Return the format of the report at exit, and its file; NULL: stderr. A file without a format
 * means text. */
ReportFormat settings_report(void);
const char *settings_report_file(void);

/* Returns whether a process reports at exit: each does, or one. */
bool settings_report_process(pid_t process);

/* Writes a line to stderr: "libmem: ", and the rest as printf() would. */
__attribute__((__format__(__printf__, 1, 2))) void settings_complain(const char *format, ...);

/* Writes such a line to a file descriptor. */
__attribute__((__format__(__printf__, 2, 3))) void settings_complain_to(int file,
                                                                        const char *format, ...);

#endif
