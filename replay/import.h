/* SPDX-License-Identifier: MIT
 *
 * Converts recordings of other tools to traces: glibc's mtrace, heaptrack's raw and interpreted
 * files, plain or compressed by gzip or zstd. Their beginnings tell them apart. */
#ifndef MEM_REPLAY_IMPORT_H
#define MEM_REPLAY_IMPORT_H

#include "replay/trace-read.h"

/* Imports a file. Returns false, with file and line in error; then nothing is left at the path
 * `to`. */
bool import_file(const char *from, const char *to, TraceError *error);

#endif
