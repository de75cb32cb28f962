/* SPDX-License-Identifier: MIT
 *
 * Free memory that was never handed out. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 8);

    expect_in(region, FREED, block + 800, "free block", rest_of(region), block + 8);
    return survived(region, Mem_RegionFree(region, block + 800) == -1);
}
