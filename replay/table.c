/* SPDX-License-Identifier: MIT */
#include "replay/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *table_grow(void *table, size_t *count, size_t index, size_t bytes)
{
    size_t more = index + 1 > 2 * *count ? index + 1 : 2 * *count;

    table = reallocarray(table, more, bytes);
    if (table == NULL) {
        fputs("memreplay: out of memory\n", stderr);
        exit(2);
    }
    memset((char *)table + *count * bytes, 0, (more - *count) * bytes);
    *count = more;
    return table;
}
