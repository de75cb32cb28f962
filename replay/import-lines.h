/* SPDX-License-Identifier: MIT
 *
 * Reads a text file line by line: plain, or compressed by gzip or zstd, which it detects. */
#ifndef MEM_REPLAY_IMPORT_LINES_H
#define MEM_REPLAY_IMPORT_LINES_H

#include "replay/trace-read.h"

typedef struct ImportLines ImportLines;

/* Opens a file. NULL: error says why. */
ImportLines *import_lines_open(const char *path, TraceError *error);
void import_lines_close(ImportLines *lines);

/* Reads the next line, without its end; valid until the next call. Returns 1, 0 at the end, or -1
 * with the reason in error. A last line without an end is incomplete, and left out. */
int import_lines_next(ImportLines *lines, char **line, TraceError *error);

uint64_t import_lines_number(
    const ImportLines *lines);                      /* of the line that was read last, from 1 on */
bool import_lines_is_cut(const ImportLines *lines); /* the last line had no end */

#endif
