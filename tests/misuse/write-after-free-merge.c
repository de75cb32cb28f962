/* SPDX-License-Identifier: MIT
 *
 * A block written to after it was freed, then merged with one freed behind it. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 48);
    char *next = Mem_RegionAlloc(region, 8);
    char *wall = Mem_RegionAlloc(region, 8);

    Mem_RegionFree(region, block);
    memset(block, 0xff, 8);
    expect_in(region, OVERWRITTEN, block, "free block", 48, block);
    return survived(region, wall != NULL && Mem_RegionFree(region, next) == 0);
}
