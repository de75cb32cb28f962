/* SPDX-License-Identifier: MIT
 *
 * Writes further and further below the first block of a region, as a faulty loop would. The guard
 * page must end the process before the bookkeeping is reached. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    volatile char *volatile block = Mem_RegionAlloc(region, 100);

    puts("writes");
    fflush(stdout);
    for (long offset = 1;; offset++) {
        block[-offset] = 0;
    }
}
