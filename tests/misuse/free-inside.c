/* SPDX-License-Identifier: MIT
 *
 * A pointer into a block. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 5000);

    expect_in(region, INSIDE, block + 4000, "block in use", 5000, block);
    return survived(region, Mem_RegionFree(region, block + 4000) == -1);
}
