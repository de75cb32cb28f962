/* SPDX-License-Identifier: MIT
 *
 * Common to the two kinds of heaptrack's files. Items of a file (strings, nodes, …) are numbered in
 * the order of their lines; 0 is none, except for allocation lines, which begin with 0. */
#ifndef MEM_REPLAY_IMPORT_HEAPTRACK_H
#define MEM_REPLAY_IMPORT_HEAPTRACK_H

#include "replay/import-modules.h"

/* An allocation line of an interpreted file: the common properties of several blocks. */
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

/* A growing list. */
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

/* Appends an item, all 0, to a list. NULL: no memory, as the error says. */
void *heaptrack_append(Heaptrack *heaptrack, HeaptrackList *list, size_t item_bytes);

/* Finds the node of a trace line. Returns false, with the error set, if there is none with this
 * number. */
bool heaptrack_node(Heaptrack *heaptrack, uint64_t number, uint32_t *node);

/* Converts an address to the return address of a call. Since 1.3 heaptrack writes one less. */
uint64_t heaptrack_return(const Heaptrack *heaptrack, uint64_t address);

/* Reads a text and the space behind it. Since format 3 its length precedes it; before, it extends
 * to a space or the end, or with `whole` always to the end. The caller frees it. NULL: wrong, as
 * the error says. */
char *heaptrack_text(Heaptrack *heaptrack, const char **at, bool whole);

/* Sets the error for a wrong line. Returns false. */
bool heaptrack_wrong(Heaptrack *heaptrack, const char *line);

/* Process lines that only such files have. */
bool heaptrack_raw_line(Heaptrack *heaptrack, const char *line);
bool heaptrack_interpreted_line(Heaptrack *heaptrack, const char *line);

#endif
