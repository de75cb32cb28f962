/* SPDX-License-Identifier: MIT
 *
 * A block from before the region was reset. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 100);

    Mem_RegionReset(region);
    expect_in(region, FREED, block, "free block", rest_of(region), block);
    return survived(region, Mem_RegionFree(region, block) == -1);
}
