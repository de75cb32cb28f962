/* SPDX-License-Identifier: MIT
 *
 * The map alone, coloured by age: as a PNG, or as an SVG with axes. */
#ifndef MEM_REPLAY_PICTURE_H
#define MEM_REPLAY_PICTURE_H

#include "replay/collect.h"

/* False: error says why, and the file is gone. */
bool picture_png(const Collection *collection, const char *path, TraceError *error);
bool picture_svg(const Collection *collection, const char *path, TraceError *error);

#endif
