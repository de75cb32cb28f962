/* SPDX-License-Identifier: MIT
 *
 * A realloc of a pointer into a block. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = Mem_RegionAlloc(region, 48);

    expect_in(region, INSIDE, block + 16, "block in use", 48, block);
    return survived(region, Mem_RegionRealloc(region, block + 16, 100) == NULL);
}
