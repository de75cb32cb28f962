/* SPDX-License-Identifier: MIT
 *
 * A block written to after it was freed, then taken again. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 48);
    char *wall = Mem_RegionAlloc(region, 8);

    Mem_RegionFree(region, block);
    memset(block, 'A', 48);
    expect_in(region, OVERWRITTEN, block, "free block", 48, block);
    return survived(region, wall != NULL && Mem_RegionAlloc(region, 48) == block);
}
