/* SPDX-License-Identifier: MIT
 *
 * The calls of the contenders. */
#include "bench.h"

#include <fcntl.h>
#include <mem.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes: larger regions are not populated in advance. */
static const size_t large_region = (size_t)1 << 30;

/* ------------------------------------------------------------------------------------------------
 * libmem: a region with the default options, lock included
 * --------------------------------------------------------------------------------------------- */

static Mem_Region *region;

static int libmem_open(size_t size)
{
    Mem_Options options = {.flags = size > large_region ? MEM_SPARSE : MEM_POPULATE};

    region = Mem_RegionCreate(size, &options);
    return region != NULL ? 0 : -1;
}

static void *libmem_alloc(size_t size)
{
    return Mem_RegionAlloc(region, size);
}

static void *libmem_calloc(size_t size)
{
    return Mem_RegionCalloc(region, 1, size);
}

static void libmem_free(void *block)
{
    Mem_RegionFree(region, block);
}

static size_t libmem_memory(void)
{
    Mem_Stats stats;

    return Mem_RegionGetStats(region, &stats) == 0 ? stats.capacity + stats.bookkeeping : 0;
}

/* ------------------------------------------------------------------------------------------------
 * malloc, the system's or a preloaded one
 * --------------------------------------------------------------------------------------------- */

static size_t resident_at_open;

/* Returns the resident memory of the process in bytes, without pages of files. Reads it without
 * stdio, which would call malloc. */
static size_t resident(void)
{
    char text[128];
    char *end;
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, text, sizeof text - 1) : -1;

    if (file >= 0)
        close(file);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    strtoul(text, &end, 10); /* skips the size of all mappings */
    size_t present = strtoul(end, &end, 10);
    size_t of_files = strtoul(end, &end, 10);
    return (present - of_files) * (size_t)sysconf(_SC_PAGESIZE);
}

static int malloc_open(size_t size)
{
    (void)size;
    resident_at_open = resident();
    return 0;
}

static void *malloc_alloc(size_t size)
{
    return malloc(size);
}

static void *malloc_calloc(size_t size)
{
    return calloc(1, size);
}

static void malloc_free(void *block)
{
    free(block);
}

static size_t malloc_memory(void)
{
    return resident() - resident_at_open;
}

/* ------------------------------------------------------------------------------------------------
 * none: no allocator, to measure the benchmark itself
 * --------------------------------------------------------------------------------------------- */

static int none_open(size_t size)
{
    (void)size;
    return 0;
}

/* Each thread has a pool of its own, taken in turn, so that threads do not write to the same
 * memory. */
static void *none_alloc(size_t size)
{
    enum { POOLS = 64, POOL = 65536 };
    static unsigned char pools[POOLS][POOL];
    static atomic_uint threads;
    static _Thread_local unsigned char *pool;
    static _Thread_local size_t next;

    if (pool == NULL)
        pool = pools[atomic_fetch_add(&threads, 1) % POOLS];
    next = (next + size) % POOL;
    return pool + next;
}

static void none_free(void *block)
{
    (void)block;
}

static size_t none_memory(void)
{
    return 0;
}

/* ------------------------------------------------------------------------------------------------ */

const Heap *heap_find(const char *name)
{
    static const Heap heaps[] = {
        {"libmem", 1, libmem_open, libmem_alloc, libmem_calloc, libmem_free, libmem_memory},
        {"malloc", 0, malloc_open, malloc_alloc, malloc_calloc, malloc_free, malloc_memory},
        {"none", 0, none_open, none_alloc, none_alloc, none_free, none_memory},
    };

    for (size_t i = 0; i < sizeof heaps / sizeof heaps[0]; i++) {
        if (strcmp(heaps[i].name, name) == 0)
            return &heaps[i];
    }
    return NULL;
}
