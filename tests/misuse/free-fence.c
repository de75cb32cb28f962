/* SPDX-License-Identifier: MIT
 *
 * The memory just behind the last block. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    size_t size = rest_of(region);
    char *block = Mem_RegionAlloc(region, size);

    expect(region, OUTSIDE, block + size);
    return survived(region, Mem_RegionFree(region, block + size) == -1);
}
