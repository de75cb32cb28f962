/* SPDX-License-Identifier: MIT
 *
 * Writes beyond the last block of a region: first to the fence, which Mem_Check reports; then to
 * the guard page behind it, which must end the process. */
#include "misuse.h"

int main(void)
{
    Mem_Region *region = Mem_RegionCreate(100000, NULL);
    size_t size = rest_of(region);
    volatile char *block = Mem_RegionAlloc(region, size);

    memset((char *)block + size, 0, 16);
    if (Mem_RegionCheck(region) == 0) {
        return EXIT_FAILURE;
    }
    puts("writes");
    fflush(stdout);
    block[size + 16] = 0;
    puts("survived");
    return EXIT_FAILURE;
}
