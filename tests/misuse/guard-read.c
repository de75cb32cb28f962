/* SPDX-License-Identifier: MIT
 *
 * Reads beyond the fence of a region. The guard page must end the process. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    size_t size = rest_of(region);
    volatile char *block = Mem_RegionAlloc(region, size);

    puts("writes");
    fflush(stdout);
    printf("read %d\n", block[size + 16]);
    return EXIT_FAILURE;
}
