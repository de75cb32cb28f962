/* SPDX-License-Identifier: MIT
 *
 * A block resized after it was freed. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 48);
    char *wall = Mem_RegionAlloc(region, 8);

    Mem_RegionFree(region, block);
    expect_in(region, FREED, block, "free block", 48, block);
    return survived(region, wall != NULL && Mem_RegionRealloc(region, block, 20) == NULL);
}
