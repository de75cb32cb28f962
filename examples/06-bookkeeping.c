/* SPDX-License-Identifier: MIT
 *
 * What bookkeeping costs. Fills regions of several sizes with blocks of 64 bytes, and prints what is mapped besides
 * the blocks, and how much of that is in memory when the region is full.
 *
 * usage: 06-bookkeeping [KIB]...    sizes of regions, in KiB */
#include <fcntl.h>
#include <mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 64 };

/* Returns the bytes of this process that are in memory. Allocates nothing. */
static size_t resident(void)
{
    char text[2048];
    int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *line = strstr(text, "\nRss:");
    return line == NULL ? 0 : (size_t)strtoul(line + 5, NULL, 10) * 1024;
}

/* Fills a region with blocks, and writes to each. */
static void fill(Mem_Region *region)
{
    void *block;

    while ((block = Mem_RegionAlloc(region, BLOCK)) != NULL)
        memset(block, 1, BLOCK);
}

/* Prints a row of the table. Returns 0 if all is well. */
static int measure(size_t size, const char *name, unsigned flags)
{
    const Mem_Options options = {.flags = flags};
    Mem_Stats stats;
    size_t before = resident();
    Mem_Region *region = Mem_RegionCreate(size, &options);

    if (region == NULL) {
        perror("Mem_RegionCreate");
        return -1;
    }
    fill(region);
    size_t full = resident() - before - size;
    if (Mem_RegionGetStats(region, &stats) != 0)
        return -1;
    printf("%10zu  %-9s %10zu %7.1f %% %10zu %7.1f %%\n", size / 1024, name,
           stats.bookkeeping / 1024, 100.0 * (double)stats.bookkeeping / (double)size, full / 1024,
           100.0 * (double)full / (double)size);
    return Mem_RegionDestroy(region);
}

static int measure_both(size_t size)
{
    return measure(size, "default", 0) != 0 || measure(size, "MEM_EXACT", MEM_EXACT) != 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    static const size_t usual[] = {16, 64, 256, 1024, 16 << 10, 64 << 10};
    int status = 0;

    resident(); /* what it needs itself is in memory from here on */
    puts("    region             bookkeeping, mapped     in memory if full\n"
         "       KiB                    KiB                  KiB");
    for (size_t i = 0; argc < 2 && i < sizeof usual / sizeof usual[0]; i++)
        status |= measure_both(usual[i] << 10);
    for (int i = 1; i < argc; i++)
        status |= measure_both((size_t)strtoul(argv[i], NULL, 10) << 10);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
