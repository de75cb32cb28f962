/* SPDX-License-Identifier: MIT
 *
 * Requests that find no room, and the program's handler for them. */
#ifndef MEM_SRC_FULL_H
#define MEM_SRC_FULL_H

#include <stdbool.h>

#include "region/operation.h"

/* Sets the handler of the process. NULL: there is none. */
void full_set_handler(Mem_FullHandler *function, void *context);

/* Asks the handler whether a request that has found no room, even after settling, is to be tried again. The region
 * is unlocked meanwhile, so positions and blocks must be looked up anew. full: all 0 at the first time for a request.
 * Returns false, and asks nobody, if there is no handler, if the thread is in it, if it was asked often enough, or if
 * even the empty region had no room. errno stays as it is. */
bool full_ask(Operation *operation, Take take, Mem_Full *full);

/* Takes a block as caches_take_block does, again whenever the handler says so. Returns 0 if there is no room. */
Pos full_take_block(Operation *operation, Take take);

#endif
