/* SPDX-License-Identifier: MIT
 *
 * The magazines that a thread keeps beside its stacks: empty ones, to be filled, and full ones to spare. */
#ifndef MEM_SRC_CACHE_SPARES_H
#define MEM_SRC_CACHE_SPARES_H

#include "cache.h"

/* Takes a magazine to be filled. NULL: there is none. */
Magazine *cache_take_empty(Cache *cache);

/* Puts one in, or gives it back to the pool if there are enough. */
void cache_keep_empty(Cache *cache, Magazine *empty);

void cache_give_empties(Cache *cache);

/* Units of the blocks in a full magazine of a size. */
size_t cache_magazine_units(Cache *cache, size_t number);

/* Takes a full magazine of the thread's own. NULL: there is none. */
Magazine *cache_take_spare(Cache *cache, size_t number);

void cache_keep_spare(Cache *cache, size_t number, Magazine *full);

#endif
