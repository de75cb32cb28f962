/* SPDX-License-Identifier: MIT
 *
 * A program with two regions, for tests/record.sh. Its blocks have 12321 bytes, as those of tests/malloc/recorded.c. */
#include <mem.h>
#include <stddef.h>

enum { SIZE = 12321, REGION = 1 << 20 };

static int give_back(const Mem_Full *full, void *block)
{
    return Mem_RegionFree(full->region, block) == 0;
}

int main(void)
{
    Mem_Region *second;
    void *block;

    if (Mem_Init(REGION) != 0) {
        return 1;
    }
    block = Mem_Alloc(SIZE);
    block = Mem_Realloc(block, SIZE);
    Mem_Free(block);
    Mem_Free(Mem_Calloc(1, SIZE));
    Mem_Free(Mem_AlignedAlloc(256, SIZE));
    Mem_Alloc(2 * (size_t)REGION); /* which fails */
    Mem_Free(Mem_Realloc(NULL, SIZE));
    second = Mem_RegionCreate(REGION, NULL);
    if (second == NULL) {
        return 1;
    }
    Mem_RegionAlloc(second, SIZE);
    Mem_RegionReset(second);
    block = Mem_RegionAlloc(second, SIZE);
    Mem_OnFull(give_back, block);
    if (Mem_RegionAlloc(second, REGION - SIZE) == NULL) {
        return 2;
    }
    Mem_RegionDestroy(second);
    return 0;
}
