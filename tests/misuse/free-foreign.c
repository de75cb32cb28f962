/* SPDX-License-Identifier: MIT
 *
 * A block of another region. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    Mem_Region *other = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(other, 100);

    expect(region, OUTSIDE, block);
    return survived(region,
                    Mem_RegionFree(region, block) == -1 && Mem_RegionFree(other, block) == 0);
}
