/* SPDX-License-Identifier: MIT
 *
 * The tree of callers. Node 0 is "unknown"; the others are numbered as they appear. */
#ifndef MEM_REPLAY_TRACE_CALLERS_H
#define MEM_REPLAY_TRACE_CALLERS_H

#include "replay/trace-read.h"

/* All 0: empty. */
typedef struct Callers {
    TraceCaller *nodes; /* nodes[0] is all 0; NULL: none but that */
    uint32_t count;     /* of nodes, 0: as 1 */
    uint32_t room;      /* of nodes: how many there is memory for */
    uint32_t *table;    /* numbers of nodes by hash, 0: free; NULL until callers_find() is called */
    uint32_t places;    /* of table: a power of two, at least 4 / 3 of count */
} Callers;

/* Returns the number of a node, and makes the node if there is none. 0: no memory. */
uint32_t callers_find(Callers *callers, uint64_t address, uint32_t parent);

/* Appends a node. Returns false without memory. */
bool callers_add(Callers *callers, uint64_t address, uint32_t parent);

/* Returns a number greater than that of any node. */
static inline uint32_t callers_count(const Callers *callers)
{
    return callers->count == 0 ? 1 : callers->count;
}

void callers_free(Callers *callers);

#endif
