/* SPDX-License-Identifier: MIT
 *
 * A variable of the stack. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    int local = 0;

    expect(region, OUTSIDE, &local);
    return survived(region, Mem_RegionFree(region, &local) == -1);
}
