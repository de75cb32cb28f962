/* SPDX-License-Identifier: MIT
 *
 * A large block freed twice. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 50000);
    char *wall = Mem_RegionAlloc(region, 1);

    Mem_RegionFree(region, block);
    expect_in(region, FREED, block, "free block", 50000, block);
    return survived(region, wall != NULL && Mem_RegionFree(region, block) == -1);
}
