/* SPDX-License-Identifier: MIT
 *
 * Reads what another tool recorded, and writes it as a trace: glibc's mtrace, heaptrack's raw and interpreted files, plain or
 * compressed by gzip or zstd. They are told apart by what they begin with. */
#ifndef MEM_REPLAY_IMPORT_H
#define MEM_REPLAY_IMPORT_H

#include "replay/trace-read.h"

/* False: error names the file and the line. Then nothing is left at the path to. */
bool import_file(const char *from, const char *to, TraceError *error);

#endif
