/* SPDX-License-Identifier: MIT
 *
 * The workload: random sizes, random blocks. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Sizes spread evenly over their logarithms, from `least` up over some doublings. A share of them
 * is in a tail above that, over further doublings. */
typedef struct Sizes {
    const char *name;
    double least;
    double doublings;
    double tail_share;
    double tail_doublings;
} Sizes;

static const Sizes all_sizes[] = {
    {"mix", 8, 7, 0.01, 5}, /* 8 bytes to 1 KiB, 1 % from there to 32 KiB */
    {"small", 8, 5, 0, 0},  /* 8 to 256 bytes */
    {"big", 1024, 6, 0, 0}, /* 1 to 64 KiB */
    {"wide", 8, 11, 0, 0},  /* 8 bytes to 16 KiB */
};

enum { QUANTILES = 65536 };

static uint32_t quantiles[QUANTILES]; /* of the sizes of this process */
static uint64_t random_state;

/* ------------------------------------------------------------------------------------------------
 * Sizes
 * --------------------------------------------------------------------------------------------- */

static const Sizes *sizes_find(const char *name)
{
    for (size_t i = 0; i < sizeof all_sizes / sizeof all_sizes[0]; i++) {
        if (strcmp(all_sizes[i].name, name) == 0)
            return &all_sizes[i];
    }
    return NULL;
}

int sizes_known(const char *name)
{
    return sizes_find(name) != NULL;
}

/* Returns 2 to the power of x, for x from 0 up. Sums a series: the mathematical library is not
 * worth linking. */
static double power_of_two(double x)
{
    const double ln2 = 0.69314718055994530942;
    unsigned whole = (unsigned)x;
    double term = 1, sum = 1;

    for (int i = 1; i < 20; i++) {
        term *= (x - whole) * ln2 / i;
        sum += term;
    }
    return sum * (double)(UINT64_C(1) << whole);
}

/* Returns the size below which the given share of all sizes lies. */
static double size_at(const Sizes *sizes, double share)
{
    double body = 1 - sizes->tail_share;

    if (share < body)
        return sizes->least * power_of_two(sizes->doublings * share / body);
    double above = (share - body) / sizes->tail_share;
    return sizes->least * power_of_two(sizes->doublings + sizes->tail_doublings * above);
}

double sizes_mean(const char *name)
{
    double sum = 0;

    for (int i = 0; i < QUANTILES; i++)
        sum += size_at(sizes_find(name), (i + 0.5) / QUANTILES);
    return sum / QUANTILES;
}

uint32_t random_size(void)
{
    return quantiles[random_bits() >> 48];
}

/* ------------------------------------------------------------------------------------------------
 * Random numbers: SplitMix64, from: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014
 * --------------------------------------------------------------------------------------------- */

uint64_t random_bits(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t bits = random_state;

    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

uint32_t random_below(uint32_t count)
{
    return (uint32_t)(((random_bits() >> 32) * count) >> 32);
}

int random_chance(double probability)
{
    return (double)(random_bits() >> 11) < probability * 9007199254740992.0; /* 2 to the 53 */
}

/* ------------------------------------------------------------------------------------------------ */

void workload_init(const Setting *setting)
{
    const Sizes *sizes = sizes_find(setting->sizes);

    for (int i = 0; i < QUANTILES; i++)
        quantiles[i] = (uint32_t)size_at(sizes, (i + 0.5) / QUANTILES);
    random_state = setting->seed;
}

void *workload_memory(size_t size, int present)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (present ? MAP_POPULATE : 0);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);

    if (memory == MAP_FAILED) {
        perror("bench: no memory for the benchmark's own tables");
        exit(EXIT_FAILURE);
    }
    return memory;
}

static void touch(void *block)
{
    *(volatile unsigned char *)block = 1;
}

/* Writes to a block from a heap; ends the process if it is NULL. */
static void *use_or_end(void *block)
{
    if (block == NULL) {
        fputs("bench: the live blocks do not fit: a larger --region is needed\n", stderr);
        exit(EXIT_FAILURE);
    }
    touch(block);
    return block;
}

void *alloc_or_end(const Heap *heap, uint32_t size)
{
    return use_or_end(heap->alloc(size));
}

void *calloc_or_end(const Heap *heap, uint32_t size)
{
    return use_or_end(heap->calloc(size));
}

/* ------------------------------------------------------------------------------------------------
 * A table of live blocks
 * --------------------------------------------------------------------------------------------- */

void table_fill(Table *table, const Heap *heap, uint32_t count)
{
    table->blocks = workload_memory(count * sizeof(void *), 1);
    table->count = count;
    for (uint32_t i = 0; i < count; i++)
        table->blocks[i] = alloc_or_end(heap, random_size());
}

void table_churn(Table *table, const Heap *heap, uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++) {
        uint32_t at = random_below(table->count);
        heap->free(table->blocks[at]);
        table->blocks[at] = alloc_or_end(heap, random_size());
    }
}

/* ------------------------------------------------------------------------------------------------
 * A crowd of live blocks
 * --------------------------------------------------------------------------------------------- */

void crowd_init(Crowd *crowd, const Heap *heap, size_t region)
{
    size_t most = region / 8 + 1024;

    /* If the memory of the process is measured, the crowd's own must not grow later. */
    crowd->blocks = workload_memory(most * sizeof(Block), !heap->bounded);
    crowd->count = 0;
    crowd->payload = 0;
}

void crowd_add(Crowd *crowd, void *address, uint32_t size)
{
    crowd->blocks[crowd->count++] = (Block){address, size};
    crowd->payload += size;
}

Block crowd_remove_any(Crowd *crowd)
{
    uint32_t at = random_below((uint32_t)crowd->count);
    Block block = crowd->blocks[at];

    crowd->blocks[at] = crowd->blocks[--crowd->count];
    crowd->payload -= block.size;
    return block;
}

int crowd_grow(Crowd *crowd, const Heap *heap, double probability, uint32_t scale, uint64_t enough)
{
    while (enough == 0 || crowd->payload < enough) {
        if (crowd->count >= 16 && !random_chance(probability)) {
            heap->free(crowd_remove_any(crowd).address);
            continue;
        }
        uint32_t size = random_size() * scale;
        void *block = heap->alloc(size);
        if (block == NULL)
            return 1;
        if (heap->bounded)
            touch(block);
        else
            memset(block, 1, size); /* writes all of it, so that it is resident */
        crowd_add(crowd, block, size);
    }
    return 0;
}
