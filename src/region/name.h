/* SPDX-License-Identifier: MIT
 *
 * Names of regions: text that can be shown anywhere. */
#ifndef MEM_SRC_NAME_H
#define MEM_SRC_NAME_H

#include <stddef.h>

#include "region/region.h"

/* Copies a name, or none for NULL. What does not fit is cut off where a character ends. Control characters, and bytes
 * that are not UTF-8, become '?'. */
void name_copy(char copy[NAME_BYTES], const char *name);

/* Bytes of a quoted name: each byte may be escaped, and there are two quotes and a null byte. */
enum { NAME_QUOTED_BYTES = 2 * NAME_BYTES + 1 };

/* Writes a name between quotes, with a \ before each " and \ in it: a string of JSON. Returns where that is. */
const char *name_quote(char quoted[NAME_QUOTED_BYTES], const char *name);

#endif
