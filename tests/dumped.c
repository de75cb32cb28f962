/* SPDX-License-Identifier: MIT */
#include "dumped.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int collect(const Mem_Block *block, void *context)
{
    Blocks *blocks = context;

    blocks->list[blocks->count++] = *block;
    return blocks->count == DUMPED_BLOCKS_MAX;
}

const Blocks *dumped_blocks(const Bed *bed)
{
    static Blocks blocks;

    blocks.count = 0;
    ck_assert_int_eq(bed_walk(bed, collect, &blocks), 0);
    return &blocks;
}

char *dumped_text(const Bed *bed, Mem_Format format)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    errno = ERANGE;
    ck_assert_int_eq(Mem_RegionDump(bed->region, stream, format), 0);
    ck_assert_int_eq(errno, ERANGE);
    fclose(stream);
    ck_assert_uint_eq(strlen(text), length);
    return text;
}
