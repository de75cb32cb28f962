/* SPDX-License-Identifier: MIT
 *
 * A block of malloc(), freed as one of a region. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    char *block = malloc(100);
    int result;

    expect(region, OUTSIDE, block);
    result = Mem_RegionFree(region, block);
    free(block);
    return survived(region, result == -1);
}
