/* SPDX-License-Identifier: MIT
 *
 * Writes merged traces: for the writer of memrun, for memreplay --import and --compress, and for tests. */
#ifndef MEM_REPLAY_TRACE_WRITE_H
#define MEM_REPLAY_TRACE_WRITE_H

#include "replay/trace-read.h"

typedef struct TraceWriter TraceWriter;

/* Creates a file, compressed if possible. start: ns since 1970 of time 0. NULL: error says why. */
TraceWriter *trace_create(const char *path, uint64_t start, TraceError *error);
TraceWriter *trace_create_fd(int fd, const char *path, uint64_t start, TraceError *error);

/* The functions below return false if something cannot be written, with the reason in error;
 * nothing further is written then. */
bool trace_write_info(TraceWriter *writer, const char *key, const char *value);

/* Returns the number of a node of the tree of callers: the same for the same address and parent. */
uint32_t trace_write_caller(TraceWriter *writer, uint64_t address, uint32_t parent);

/* Appends the rare event of a loaded module. */
bool trace_write_module(TraceWriter *writer, const TraceModule *module);

/* Appends an event. event->block.number names the block of a free or resize; an allocation gets the
 * next number, which is stored there. Slots and the rest of event->block do not matter. */
bool trace_write(TraceWriter *writer, TraceEvent *event);

/* Writes everything so far to the file. */
bool trace_flush(TraceWriter *writer);

/* Writes the rest and the index, and frees the writer. */
bool trace_finish(TraceWriter *writer, TraceError *error);

#endif
