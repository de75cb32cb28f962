/* SPDX-License-Identifier: MIT
 *
 * Common to the programs of this directory. Each makes one mistake, and prints the line that the
 * library must write to stderr. If the process goes on, the mistake must have been an error, or
 * have done no harm, and the region must be sound. misuse.sh runs them. */
#ifndef MEM_TESTS_MISUSE_H
#define MEM_TESTS_MISUSE_H

#include <mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_REGION "there is no region that the pointer could be from"
#define OUTSIDE "the pointer is outside of the region's blocks"
#define UNALIGNED "the pointer is not aligned as a block is"
#define INSIDE "the pointer is inside a block in use, not at its start"
#define FREED "the pointer is in free memory: freed already, or never allocated"
#define OVERWRITTEN "a free block was written to after it was freed"

static inline int note_first(const Mem_Block *block, void *context)
{
    *(void **)context = block->address;
    return 1;
}

/* Ends a line: with the region's handle and its first block, or that there is no region. */
static inline void expect_region(Mem_Region *region)
{
    void *first = NULL;

    if (region == NULL) {
        printf("region %p\n", (void *)NULL);
    } else {
        Mem_RegionWalk(region, note_first, &first);
        printf("region %p, first block %p\n", (void *)region, first);
    }
    fflush(stdout);
}

/* Prints the expected line for a pointer in no block. */
static inline void expect(Mem_Region *region, const char *sentence, const void *pointer)
{
    printf("libmem: misuse: %s: %p, ", sentence, pointer);
    expect_region(region);
}

/* Prints the expected line for a pointer in a block or free run. */
static inline void expect_in(Mem_Region *region, const char *sentence, const void *pointer,
                             const char *state, size_t size, const void *block)
{
    printf("libmem: misuse: %s: %p in a %s of %zu bytes at %p, ", sentence, pointer, state, size,
           block);
    expect_region(region);
}

/* Ends a program that still runs. */
static inline int survived(Mem_Region *region, int as_expected)
{
    return as_expected && Mem_RegionCheck(region) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Returns the bytes of the largest free block: in a region used from its front, the whole rest. */
static inline size_t rest_of(Mem_Region *region)
{
    Mem_Stats stats;

    return Mem_RegionGetStats(region, &stats) == 0 ? stats.largest_free : 0;
}

#endif
