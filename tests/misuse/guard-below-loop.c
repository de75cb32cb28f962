/* SPDX-License-Identifier: MIT
 *
 * Writes on and on below the first block of a region, as a loop gone wrong would. The guard page must
 * end the process before the bookkeeping is reached. */
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
