/* SPDX-License-Identifier: MIT
 *
 * Common to all imports: they map pointers to blocks, and write events. */
#ifndef MEM_REPLAY_IMPORT_EVENTS_H
#define MEM_REPLAY_IMPORT_EVENTS_H

#include "replay/import-lines.h"
#include "replay/trace-write.h"

/* A live block at its address. */
typedef struct ImportBlock {
    uint64_t pointer; /* 0: this place is empty */
    uint64_t number;  /* of the block in the trace */
} ImportBlock;

/* A file being imported. */
typedef struct Import {
    const char *path;    /* of the file */
    ImportLines *lines;  /* of the file */
    TraceWriter *writer; /* of the trace */
    TraceError *
        error; /* set when a function returns false, but for errors of the writer: trace_finish() tells */
    uint64_t time; /* microseconds: of the next events */
    ImportBlock
        *blocks;      /* a table by hashed pointer, with open addressing; NULL while it is empty */
    size_t places;    /* in the table, a power of two */
    size_t live;      /* blocks in the table, 3/4 of the places at most */
    uint64_t unknown; /* frees and resizes of blocks that the file tells nothing of */
    uint64_t forced;  /* blocks that were handed out twice: a free was put between */
} Import;

/* Return false if the event is impossible, or cannot be written. */
bool import_event(Import *import, TraceEvent *event);
bool import_alloc(Import *import, uint64_t pointer, uint64_t size, uint32_t caller);
bool import_free(Import *import, uint64_t pointer, uint32_t caller);
bool import_resize(Import *import, uint64_t from, uint64_t to, uint64_t size, uint32_t caller);

/* Record a failed allocation; a failed resize. */
bool import_failed(Import *import, uint64_t size, uint32_t caller);
bool import_not_resized(Import *import, uint64_t pointer, uint64_t size, uint32_t caller);

/* Sets the error to "FILE: line N: …", and returns false. */
__attribute__((format(printf, 2, 3))) bool import_wrong(Import *import, const char *format, ...);
bool import_no_memory(Import *import);

/* Reads a hexadecimal number and the space behind it, if any. Returns false if there is none at
 * *at. */
bool import_hex(const char **at, uint64_t *value);

/* The formats: each reads all lines, given the first one. */
bool import_mtrace(Import *import, char *line);
bool import_heaptrack(Import *import, char *line);

#endif
