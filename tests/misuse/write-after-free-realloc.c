/* SPDX-License-Identifier: MIT
 *
 * A block written to after it was freed, then grown into. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 48);
    char *next = Mem_RegionAlloc(region, 96);
    char *wall = Mem_RegionAlloc(region, 8);

    Mem_RegionFree(region, next);
    strcpy(next, "still used");
    expect_in(region, OVERWRITTEN, next, "free block", 96, next);
    return survived(region, wall != NULL && Mem_RegionRealloc(region, block, 100) == block);
}
