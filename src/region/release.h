/* SPDX-License-Identifier: MIT
 *
 * Gives memory back: the pages inside free blocks go to the system, and the blocks stay. */
#ifndef MEM_SRC_RELEASE_H
#define MEM_SRC_RELEASE_H

#include "region/region.h"

/* Releases the whole pages inside free blocks of at least `least` bytes, as far as they were ever
 * touched. Takes time in proportion to the touched memory, but holds the lock of the region only
 * for short turns. Returns the bytes offered to the system, which may have had some of them
 * already. */
size_t release_pages(Region *region, size_t least);

/* Returns the bytes from the first block to the end of the memory that was ever in use. */
size_t release_touched(Region *region);

#endif
