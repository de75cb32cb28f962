/* SPDX-License-Identifier: MIT
 *
 * Regions inside memory that the program already has: a static array, and a buffer on the stack.
 * Creating, using and destroying them takes no system calls. */
#include <errno.h>
#include <mem.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

/* One thread uses these regions, so they need no lock. */
static const Mem_Options options = {.flags = MEM_UNLOCKED};

/* Makes a heap in a static array, for a program without an operating system to ask for memory. */
static int use_static_array(void)
{
    static alignas(16) unsigned char memory[8192];

    Mem_Region *region = Mem_RegionCreateAt(memory, sizeof memory, &options);
    if (region == NULL) {
        perror("Mem_RegionCreateAt");
        return 1;
    }
    size_t blocks = 0;
    while (Mem_RegionAlloc(region, 64) != NULL)
        blocks++;
    int full = errno == ENOMEM;

    Mem_Stats stats;
    if (Mem_RegionGetStats(region, &stats) != 0)
        return 1;
    printf("a static array of %zu bytes\n", sizeof memory);
    printf("  %zu bytes of it keep the books\n", stats.bookkeeping);
    printf("  %zu blocks of 64 bytes fit, then Mem_RegionAlloc returns NULL%s\n", blocks,
           full ? " and ENOMEM" : "");
    return Mem_RegionDestroy(region) == 0 && full ? 0 : 1;
}

/* Makes a heap in a stack buffer: room for scratch work that is gone when the function returns,
 * however it returns. */
static int reverse_words(const char *sentence)
{
    alignas(16) unsigned char memory[4096];
    char *words[32];
    size_t count = 0;

    Mem_Region *region = Mem_RegionCreateAt(memory, sizeof memory, &options);
    if (region == NULL) {
        perror("Mem_RegionCreateAt");
        return 1;
    }
    while (*sentence != '\0' && count < sizeof words / sizeof words[0]) {
        size_t length = strcspn(sentence, " ");
        char *word = Mem_RegionAlloc(region, length + 1);
        if (word == NULL)
            break;
        memcpy(word, sentence, length);
        word[length] = '\0';
        words[count++] = word;
        sentence += length;
        sentence += strspn(sentence, " ");
    }
    printf("a stack buffer of %zu bytes\n ", sizeof memory);
    while (count > 0)
        printf(" %s", words[--count]);
    putchar('\n');
    return *sentence == '\0' ? 0 : 1;
}

int main(void)
{
    if (use_static_array() != 0)
        return 1;
    return reverse_words("stack the on words seven of sentence a");
}
