/* SPDX-License-Identifier: MIT
 *
 * The old place of a block that was moved. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 100);
    char *wall = Mem_RegionAlloc(region, 8);
    char *moved = Mem_RegionRealloc(region, block, 1000);

    expect_in(region, FREED, block, "free block", 104, block);
    return survived(region, wall != NULL && moved != block && Mem_RegionFree(region, block) == -1);
}
