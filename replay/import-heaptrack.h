/* SPDX-License-Identifier: MIT
 *
 * What the two kinds of heaptrack's files have in common. Items of a file (strings, nodes, …) are numbered in the order of
 * their lines; 0 is none, but for allocation lines, which begin with 0. */
#ifndef MEM_REPLAY_IMPORT_HEAPTRACK_H
#define MEM_REPLAY_IMPORT_HEAPTRACK_H

#include "replay/import-modules.h"

/* An allocation line of an interpreted file: what several blocks have in common. */
typedef struct HeaptrackKind {
    uint64_t size;   /* bytes */
    uint32_t caller; /* node in the trace */
    uint64_t last; /* the live block that was allocated last: its index in blocks, and 1; 0: none */
} HeaptrackKind;

typedef struct HeaptrackBlock {
    uint64_t number; /* in the trace */
    uint64_t
        next; /* live block of the same kind that was allocated before, or unused place: as in HeaptrackKind */
} HeaptrackBlock;

/* A list that grows. */
typedef struct HeaptrackList {
    void *items;
    size_t count; /* items */
    size_t size;  /* there is place for so many */
} HeaptrackList;

typedef struct Heaptrack {
    Import *import;
    uint64_t version;    /* of the format: 1 to 3 */
    char kind;           /* 'r': raw, 'i': interpreted, 0: not known yet */
    HeaptrackList nodes; /* uint32_t: of each trace line, the node in the trace */

    /* Of raw files. */
    char *program; /* path; NULL: not told */
    ImportModules modules;
    bool in_modules; /* a list of modules is being read */

    /* Of interpreted ones. */
    HeaptrackList strings; /* char * */
    HeaptrackList
        places; /* uint64_t: of each instruction line, the address where the call returns to */
    HeaptrackList kinds;  /* HeaptrackKind */
    HeaptrackList blocks; /* HeaptrackBlock */
    uint64_t unused;      /* of blocks, linked by next; 0: none */
} Heaptrack;

/* The next item of a list, all 0; NULL: no memory, the error says so. */
void *heaptrack_append(Heaptrack *heaptrack, HeaptrackList *list, size_t item_bytes);

/* The node of a trace line. False: there is none with this number, the error says so. */
bool heaptrack_node(Heaptrack *heaptrack, uint64_t number, uint32_t *node);

/* Where a call returns to. Since 1.3 heaptrack writes one less. */
uint64_t heaptrack_return(const Heaptrack *heaptrack, uint64_t address);

/* Reads a text and the space behind it: with its length before it since format 3, up to a space or the end before; with
 * `whole`, always to the end. To be freed. NULL: wrong, the error says so. */
char *heaptrack_text(Heaptrack *heaptrack, const char **at, bool whole);

/* Says in the error that a line is wrong; returns false. */
bool heaptrack_wrong(Heaptrack *heaptrack, const char *line);

/* Does what a line says that only such files have. */
bool heaptrack_raw_line(Heaptrack *heaptrack, const char *line);
bool heaptrack_interpreted_line(Heaptrack *heaptrack, const char *line);

#endif
