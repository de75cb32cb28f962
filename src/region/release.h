/* SPDX-License-Identifier: MIT
 *
 * Giving memory back: the pages inside of free blocks go to the system, the blocks stay. */
#ifndef MEM_SRC_RELEASE_H
#define MEM_SRC_RELEASE_H

#include "region/region.h"

/* Releases the whole pages inside of free blocks of at least so many bytes, as far as they were ever
 * touched. Takes time in proportion to the memory that was touched, but holds the lock of the region
 * for a short time only, again and again. Returns the bytes that were offered to the system, which
 * may have had some of them already. */
size_t release_pages(Region *region, size_t least);

/* Bytes of blocks that were ever handed out or are in the midst of those. */
size_t release_touched(Region *region);

#endif
