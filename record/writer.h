/* SPDX-License-Identifier: MIT
 *
 * The process that writes the trace of a program which memrun has started: it reads what threads leave in shared
 * memory, brings it into one order, and compresses it; when the program has ended, however it did, it finishes the
 * file. */
#ifndef MEM_RECORD_WRITER_H
#define MEM_RECORD_WRITER_H

#include <stdbool.h>

#include "record/pool.h"

typedef struct WriterJob {
    const char *path; /* of the file, for messages */
    int file;         /* the file: empty, and open for writing */
    int program;      /* leads to the program: a descriptor as of pidfd_open(2) */
    SharedPool *pool; /* stamp_clock is its clock */
} WriterJob;

/* Writes until the program has ended. Returns whether the file is complete; if not, says why. */
bool writer_run(const WriterJob *job);

#endif
