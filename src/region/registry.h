/* SPDX-License-Identifier: MIT
 *
 * All regions of the process, ordered by the address of their first block. A region is in the registry from its
 * creation to its end. */
#ifndef MEM_SRC_REGISTRY_H
#define MEM_SRC_REGISTRY_H

#include <stdbool.h>

#include "region/region.h"

/* Adds a region that was just made. */
void registry_add(Region *region);

/* Removes a region. Waits until no other thread visits regions. */
void registry_remove(Region *region);

/* Finds the region whose capacity has an address; of several, one inside the other, the innermost. NULL: none.
 * Takes time in proportion to the logarithm of the number of regions. */
Region *registry_find(const void *address);

/* Finds the first region behind another one; behind NULL, the first of all. NULL: there is none. */
Region *registry_next(Region *region);

/* One visit of regions. */
typedef struct Visit {
    bool outermost; /* this thread was visiting no regions before */
    bool locked;    /* the lock was taken: not by a visit inside of another one */
} Visit;

/* Begin and end a visit: no region is destroyed in between. The thread may call functions of the
 * program, which may fork. registry_end_visit takes a Visit. */
void registry_begin_visit(Visit *visit);
void registry_end_visit(void *visit);

/* Returns whether the calling thread visits regions. */
bool registry_is_visiting(void);

#endif
