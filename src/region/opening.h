/* SPDX-License-Identifier: MIT
 *
 * Opens the memory of a sparse region in steps. Closed memory can be read but not written to: the
 * program is charged only for what it uses, and cannot overwrite what it was never given. The
 * strings of the map and the pool are opened with the heap. */
#ifndef MEM_SRC_OPENING_H
#define MEM_SRC_OPENING_H

#include "region/region.h"

/* Opens a locked region at least up to a position. Returns false if the system has no memory for
 * it. Keeps errno. */
bool opening_reach(Region *region, Pos wanted);

#endif
