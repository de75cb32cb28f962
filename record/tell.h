/* SPDX-License-Identifier: MIT
 *
 * What the recorder says: a line on stderr. */
#ifndef MEM_RECORD_TELL_H
#define MEM_RECORD_TELL_H

/* Writes "libmem: ", a text as printf() has it, and the end of the line. Keeps errno. */
__attribute__((__format__(__printf__, 1, 2))) void tell_line(const char *format, ...);

#endif
