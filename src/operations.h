/* SPDX-License-Identifier: MIT
 *
 * The general way of Alloc and Free on a region: with its lock, for blocks of every size, and with
 * all that there is to do when something is wrong. Both may be called without trying the fast way
 * first. */
#ifndef MEM_SRC_OPERATIONS_H
#define MEM_SRC_OPERATIONS_H

#include "region.h"

void *operation_alloc(Region *region, size_t size);
int operation_free(Region *region, void *pointer);

/* As operation_alloc, for a size in units; damaged: a free block turned out to have been written
 * to, so that the heap is to be rebuilt first. */
void *operation_alloc_units(Region *region, size_t units, bool damaged);

/* Ends what fast_give began. */
int operation_free_rest(Region *region, size_t start, size_t run);

#endif
