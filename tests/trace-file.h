/* SPDX-License-Identifier: MIT
 *
 * Files in memory, for tests of traces. */
#ifndef MEM_TESTS_TRACE_FILE_H
#define MEM_TESTS_TRACE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "record/trace.h"

/* A file in memory. */
typedef struct TestFile {
    unsigned char *bytes; /* room for twice as many */
    size_t size;
} TestFile;

TestFile file_read(const char *path);
void file_write(const TestFile *file, const char *path);
void file_free(TestFile *file);

/* Insert bytes at a place; remove them. */
void file_insert(TestFile *file, size_t place, const void *bytes, size_t size);

/* Appends the frame of a thread's chunk. */
void file_append_chunk(TestFile *file, const TraceChunk *chunk, const TraceRaw *records);

#endif
