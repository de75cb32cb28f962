/* SPDX-License-Identifier: MIT
 *
 * Every bad free is caught. The call fails, nothing changes, and a handler is called, which prints
 * the misuse here. Run this with LIBMEM_MISUSE=warn to see the library's own line as well, or with
 * LIBMEM_MISUSE=abort to end at the first misuse. */
#include <mem.h>
#include <stdio.h>

static void print_misuse(const Mem_Misuse *misuse, void *context)
{
    int *count = context;

    printf("  caught: %s\n", misuse->sentence);
    if (misuse->block != NULL) {
        const char *block = misuse->block;
        const char *pointer = misuse->pointer;
        printf("          %zu bytes into %s of %zu bytes\n", (size_t)(pointer - block),
               misuse->block_in_use ? "a block" : "a free run", misuse->block_size);
    }
    (*count)++;
}

/* Frees a bad pointer. Returns 0 if that fails, as it should. */
static int misuse(const char *what, void *pointer)
{
    printf("%s\n", what);
    return Mem_Free(pointer) == -1 ? 0 : 1;
}

int main(void)
{
    int count = 0;
    int wrong = 0;
    char on_the_stack[16];

    Mem_OnMisuse(print_misuse, &count);
    wrong += misuse("freeing before there is a region", on_the_stack);
    if (Mem_Init(4096) != 0) {
        perror("Mem_Init");
        return 1;
    }
    char *block = Mem_Alloc(100);
    char *freed = Mem_Alloc(100);
    char *kept = Mem_Alloc(100);
    if (block == NULL || kept == NULL || Mem_Free(freed) != 0)
        return 1;

    wrong += misuse("freeing a block twice", freed);
    wrong += misuse("freeing the inside of a block", block + 16);
    wrong += misuse("freeing what is not aligned", block + 3);
    wrong += misuse("freeing what is on the stack", on_the_stack);

    printf("%d misuses caught; Mem_Check says: %s\n", count,
           Mem_Check() == 0 ? "all is well" : "damaged");
    if (Mem_Check() != 0 || Mem_Exit() != 0)
        return 1;
    return wrong == 0 && count == 5 ? 0 : 1;
}
