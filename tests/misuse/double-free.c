/* SPDX-License-Identifier: MIT
 *
 * A block freed twice. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 100);
    char *wall = Mem_RegionAlloc(region, 100);

    Mem_RegionFree(region, block);
    expect_in(region, FREED, block, "free block", 104, block);
    return survived(region, wall != NULL && Mem_RegionFree(region, block) == -1);
}
