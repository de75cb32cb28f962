/* SPDX-License-Identifier: MIT
 *
 * Writes below the first block of a region, where a guard page keeps the bookkeeping apart. The write
 * must end the process. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    volatile char *volatile block = Mem_RegionAlloc(region, 100);

    puts("writes");
    fflush(stdout);
    block[-1] = 0;
    puts("survived");
    return EXIT_FAILURE;
}
