/* SPDX-License-Identifier: MIT
 *
 * A region as the tests of Mem_RegionDump need it: what a walk tells, and what was printed. */
#ifndef MEM_TESTS_DUMPED_H
#define MEM_TESTS_DUMPED_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "checked.h"

enum { DUMPED_BLOCKS_MAX = 5000 };

typedef struct Blocks {
    size_t count;
    Mem_Block list[DUMPED_BLOCKS_MAX];
} Blocks;

static int dumped_visit(const Mem_Block *block, void *context)
{
    Blocks *blocks = context;

    blocks->list[blocks->count++] = *block;
    return blocks->count == DUMPED_BLOCKS_MAX;
}

/* All blocks of a region; until the next call. */
static inline const Blocks *dumped_blocks(const Bed *bed)
{
    static Blocks blocks;

    blocks.count = 0;
    ck_assert_int_eq(bed_walk(bed, dumped_visit, &blocks), 0);
    return &blocks;
}

/* Dumps a region into memory, to be freed. */
static inline char *dumped_text(const Bed *bed, Mem_Format format)
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

#endif
