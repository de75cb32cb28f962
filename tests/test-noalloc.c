/* SPDX-License-Identifier: MIT
 *
 * The library works where malloc() does not. This program defines malloc() and its relatives
 * itself, and ends when one is called while the library is at work. Dumps are left out: they use
 * stdio. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mem.h>

#include "sanitized.h"

#if SANITIZED

int main(void)
{
    puts("skipped: sanitizers bring a malloc() of their own");
    return 77;
}

#else

static bool is_forbidden;
static _Alignas(64) char memory[1 << 20]; /* for allocations of others; never given back */
static size_t memory_used;

static void *take(const char *function, size_t alignment, size_t size)
{
    size_t begin = (memory_used + alignment - 1) & ~(alignment - 1);

    if (is_forbidden) {
        static const char text[] = ": called by the library\n";
        ssize_t written = write(STDERR_FILENO, function, strlen(function));

        written += write(STDERR_FILENO, text, strlen(text));
        _exit(written < 0 ? 2 : 1);
    }
    if (size > sizeof memory - begin) {
        return NULL;
    }
    memory_used = begin + size;
    return memory + begin;
}

void *malloc(size_t size)
{
    return take("malloc", 16, size);
}

void *calloc(size_t count, size_t size)
{
    return take("calloc", 16, count * size); /* zero, since never used before */
}

void *realloc(void *block, size_t size)
{
    char *moved = take("realloc", 16, size);

    if (moved != NULL && block != NULL) {
        size_t rest = sizeof memory - (size_t)(moved - memory);

        memmove(moved, block, size < rest ? size : rest);
    }
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return take("aligned_alloc", alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = take("posix_memalign", alignment, size);
    return *block == NULL ? ENOMEM : 0;
}

void free(void *block)
{
    if (block != NULL) {
        take("free", 1, 0);
    }
}

static void expect(bool condition, int line)
{
    if (!condition) {
        is_forbidden = false;
        fprintf(stderr, "%s:%d: not as expected\n", __FILE__, line);
        exit(1);
    }
}

#define EXPECT(condition) expect(condition, __LINE__)

static int visit(const Mem_Block *block, void *context)
{
    *(size_t *)context += block->size;
    return 0;
}

static void handle(const Mem_Misuse *misuse, void *context)
{
    *(Mem_Misuse *)context = *misuse;
}

static void use(Mem_Region *region)
{
    char message[100];
    char *blocks[100];
    Mem_Misuse misuse = {0};
    Mem_Stats stats;
    size_t sum = 0;

    Mem_OnMisuse(handle, &misuse);
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = i % 3 == 0   ? Mem_RegionAlloc(region, i * 10)
                    : i % 3 == 1 ? Mem_RegionCalloc(region, i, 10)
                                 : Mem_RegionAlignedAlloc(region, 64, i);
        EXPECT(blocks[i] != NULL);
    }
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = Mem_RegionRealloc(region, blocks[i], (100 - i) * 12);
        EXPECT(blocks[i] != NULL && Mem_RegionSize(region, blocks[i]) >= (100 - i) * 12);
    }
    EXPECT(Mem_RegionAlloc(region, SIZE_MAX / 4) == NULL);
    EXPECT(Mem_RegionCheckReport(region, message, sizeof message) == 0);
    EXPECT(Mem_RegionGetStats(region, &stats) == 0 && stats.blocks_in_use == 100);
    EXPECT(Mem_RegionWalk(region, visit, &sum) == 0 && sum == stats.capacity);
    EXPECT(Mem_RegionFree(region, blocks[5]) == 0);
    EXPECT(Mem_RegionFree(region, blocks[5]) == -1 && misuse.kind == MEM_MISUSE_FREED);
    EXPECT(Mem_RegionReset(region) == 0);
    EXPECT(Mem_RegionCheck(region) == 0);
    Mem_OnMisuse(NULL, NULL);
}

static void *use_in_thread(void *region)
{
    use(region);
    return NULL;
}

/* Runs once with one thread, and once with two: libc may allocate for a thread, but not for a
 * lock. */
int main(void)
{
    static _Alignas(8) char buffer[200000];
    pthread_t thread;

    unsetenv("LIBMEM_MISUSE");
    for (int round = 0; round < 2; round++) {
        Mem_Region *mapped, *inside;

        is_forbidden = round == 0;
        EXPECT(Mem_Init(1 << 18) == 0);
        mapped = Mem_RegionCreate(1 << 18, NULL);
        inside = Mem_RegionCreateAt(buffer, sizeof buffer, NULL);
        EXPECT(mapped != NULL && inside != NULL);
        if (round == 1) {
            EXPECT(pthread_create(&thread, NULL, use_in_thread, inside) == 0);
            EXPECT(pthread_join(thread, NULL) == 0);
            is_forbidden = true;
        }
        use(NULL);
        use(mapped);
        use(inside);
        EXPECT(Mem_RegionDestroy(mapped) == 0 && Mem_RegionDestroy(inside) == 0 && Mem_Exit() == 0);
        is_forbidden = false;
    }
    puts("the library works without malloc()");
    return 0;
}

#endif
