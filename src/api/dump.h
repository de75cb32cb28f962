/* SPDX-License-Identifier: MIT
 *
 * Dumps of a region in its two formats. Writing to a stream may take any time, and call functions
 * of the program. So the contents are noted while the region is locked, and written when it is
 * not. */
#ifndef MEM_SRC_DUMP_H
#define MEM_SRC_DUMP_H

#include <stdio.h>

#include "region/region.h"
#include "region/view.h"

void dump_text(Region *region, FILE *stream);
void dump_json(Region *region, FILE *stream);

#endif
