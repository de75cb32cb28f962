/* SPDX-License-Identifier: MIT */
#include "replay/merge-blocks.h"

#include <sys/mman.h>

_Static_assert(sizeof(MergeBlock) == 16, "memory of the writer's");

enum {
    LEAST = 256, /* places */
    STEP = 4096  /* places: a multiple of any page */
};

/* Returns the place where the search for an address begins. */
static size_t home(const MergeBlocks *blocks, uint64_t address)
{
    uint64_t hash = address * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    return (size_t)(hash * blocks->places >> 32);
}

static size_t after(const MergeBlocks *blocks, size_t place)
{
    return place + 1 == blocks->places ? 0 : place + 1;
}

/* Returns the place of an address, or the free one where it would be. */
static size_t find_place(const MergeBlocks *blocks, uint64_t address)
{
    size_t place = home(blocks, address);

    while (blocks->table[place].address != address && blocks->table[place].address != 0) {
        place = after(blocks, place);
    }
    return place;
}

const MergeBlock *blocks_find(const MergeBlocks *blocks, uint64_t address)
{
    const MergeBlock *found;

    if (blocks->count == 0) {
        return NULL;
    }
    found = &blocks->table[find_place(blocks, address)];
    return found->address == 0 ? NULL : found;
}

void blocks_prefetch(const MergeBlocks *blocks, uint64_t address)
{
    __builtin_prefetch(&blocks->table[home(blocks, address)]);
}

static void unmap(MergeBlocks *blocks)
{
    if (blocks->table != NULL) {
        munmap(blocks->table, blocks->places * sizeof *blocks->table);
    }
}

/* Resizes the table. Blocks keep their order, so memory of the old table is given back while the new
 * one fills. */
static bool resize(MergeBlocks *blocks, size_t places)
{
    MergeBlocks made = {.places = places};

    made.table = places > UINT32_MAX
                     ? MAP_FAILED
                     : mmap(NULL, places * sizeof *made.table, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made.table == MAP_FAILED) {
        return false;
    }
    for (size_t i = 0; i < blocks->places; i++) {
        const MergeBlock *block = &blocks->table[i];

        if (i != 0 && i % STEP == 0) {
            madvise(&blocks->table[i - STEP], STEP * sizeof *block, MADV_DONTNEED);
        }
        if (block->address != 0) {
            made.table[find_place(&made, block->address)] = *block;
            made.count++;
        }
    }
    unmap(blocks);
    *blocks = made;
    return true;
}

bool blocks_add(MergeBlocks *blocks, const MergeBlock *block)
{
    if (blocks->count >= blocks->places / 5 * 4 &&
        !resize(blocks, blocks->places == 0 ? LEAST : blocks->places + blocks->places / 2)) {
        return false;
    }
    blocks->table[find_place(blocks, block->address)] = *block;
    blocks->count++;
    return true;
}

void blocks_remove(MergeBlocks *blocks, const MergeBlock *block)
{
    size_t place = (size_t)(block - blocks->table);

    /* Blocks that were displaced from this place move up. */
    for (size_t next = after(blocks, place); blocks->table[next].address != 0;
         next = after(blocks, next)) {
        size_t wanted = home(blocks, blocks->table[next].address);
        bool between = place < next ? place < wanted && wanted <= next
                                    : place < wanted || wanted <= next;

        if (!between) {
            blocks->table[place] = blocks->table[next];
            place = next;
        }
    }
    blocks->table[place].address = 0;
    blocks->count--;
}

void blocks_remove_region(MergeBlocks *blocks, unsigned region)
{
    size_t i = 0;

    while (i < blocks->places) {
        const MergeBlock *block = &blocks->table[i];

        if (block->address != 0 && block->region == region) {
            blocks_remove(blocks, block); /* another block may have moved to this place */
        } else {
            i++;
        }
    }
}

void blocks_free(MergeBlocks *blocks)
{
    unmap(blocks);
    *blocks = (MergeBlocks){0};
}
