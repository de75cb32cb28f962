/* SPDX-License-Identifier: MIT
 *
 * A pointer that is off by one. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 64);

    expect_in(region, UNALIGNED, block + 1, "block in use", 64, block);
    return survived(region, Mem_RegionFree(region, block + 1) == -1);
}
