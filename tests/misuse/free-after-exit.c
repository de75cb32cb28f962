/* SPDX-License-Identifier: MIT
 *
 * A block freed after its region is destroyed. */
#include "misuse.h"

int main(void)
{
    char *block;

    Mem_Init(100000);
    block = Mem_Alloc(100);
    Mem_Exit();
    expect(NULL, NO_REGION, block);
    return Mem_Free(block) == -1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
