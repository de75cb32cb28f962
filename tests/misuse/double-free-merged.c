/* SPDX-License-Identifier: MIT
 *
 * A block freed twice, which has become part of a larger free block. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *first = Mem_RegionAlloc(region, 100);
    char *second = Mem_RegionAlloc(region, 200);

    Mem_RegionFree(region, first);
    Mem_RegionFree(region, second);
    expect_in(region, FREED, second, "free block", rest_of(region), first);
    return survived(region, Mem_RegionFree(region, second) == -1);
}
