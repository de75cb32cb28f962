/* SPDX-License-Identifier: MIT
 *
 * Memory of a sparse region is opened step by step. Before that, it can be read, but not written to: so the
 * program is charged for no more than it uses, and can't overwrite what it never was given. The strings of the map
 * and the pool are opened with the heap. */
#ifndef MEM_SRC_OPENING_H
#define MEM_SRC_OPENING_H

#include "region/region.h"

/* Opens a region, which must be locked, up to a position at least. False if the system has no memory for it;
 * errno stays as it is. */
bool opening_reach(Region *region, Pos wanted);

#endif
