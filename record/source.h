/* SPDX-License-Identifier: MIT
 *
 * Where threads have their chunks from: memory that they share with a writer, or the file itself. */
#ifndef MEM_RECORD_SOURCE_H
#define MEM_RECORD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/trace.h"

/* A chunk to be filled. */
typedef struct SourceChunk {
    TraceChunk
        *chunk;   /* NULL: there is none, and it has been said why, or nobody need hear of it */
    size_t bytes; /* of records that fit in behind the TraceChunk */
} SourceChunk;

typedef struct Source {
    /* A chunk for a thread, beginning with `head`. before: the one that it has filled and hands in; {NULL}: it has
     * none. May wait. */
    SourceChunk (*next)(SourceChunk before, const TraceChunk *head);

    /* Hands in the chunk of a thread that ends. */
    void (*hand_in)(SourceChunk chunk);

    /* A number for a thread that begins: 0, 1, … */
    uint32_t (*number)(void);

    /* Takes the text about program and machine, a "key=value" a line. */
    void (*inform)(const char *text, size_t bytes);

    /* The process is about to end, and is recorded no more. May wait. */
    void (*end)(void);

    /* Called in a forked child, which is not recorded by now. Whether it is to be: then there is a file of its own. */
    bool (*in_child)(void);
} Source;

#endif
