/* SPDX-License-Identifier: MIT
 *
 * The first program: makes a region of one page, allocates a block, and prints both. */
#include <mem.h>
#include <stdio.h>

int main(void)
{
    if (Mem_Init(4096) != 0) {
        perror("Mem_Init");
        return 1;
    }
    char *greeting = Mem_Alloc(32);
    if (greeting == NULL) {
        perror("Mem_Alloc");
        return 1;
    }
    snprintf(greeting, 32, "hello from %zu bytes", Mem_Size(greeting));
    puts(greeting);
    Mem_Dump();
    Mem_Free(greeting);
    return Mem_Exit() == 0 ? 0 : 1;
}
