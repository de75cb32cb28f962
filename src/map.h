/* SPDX-License-Identifier: MIT
 *
 * The map: where blocks begin, and which of them are free. It is the truth of the heap; the index
 * of free blocks can be rebuilt from it.
 *
 * Memory is counted in units; a position is the number of a unit. Two bits a position say all:
 *
 *   starts   1 where a block begins, free or in use
 *   free     at the start of a block: 1 if the block is free. Elsewhere it says nothing.
 *
 * The bits of 64 positions lie side by side, one word of each, so that one cache line tells about
 * 256 units. A block ends where the next one begins. A word of starts that is 0 lies wholly inside
 * one block; the free word beside it has nothing to say, and so in the first and in the last such
 * word of a block it holds the block's size. With that, both ends of a block of any size are found
 * in constant time:
 *
 *   starts  ..1.....  ........  ........  ........  .....1..
 *   free    ..f.....   size       any       size    .....f..
 *             ^block   first                last         ^next block
 *
 * The words lie in memory in falling order: word 0 is the last. So the map can end at a fixed place
 * and be as long as it must, and needs no address of its own.
 *
 * The map knows nothing of what a block is for. The words before that of the first block and after
 * that of the last must be there, too. */
#ifndef MEM_SRC_MAP_H
#define MEM_SRC_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "bits.h"

/* A position or a count of units. 32 bits cover 32 GiB in units of 8 bytes. */
typedef uint32_t Pos;

typedef struct MapWord {
    uint64_t starts;
    uint64_t free;
} MapWord;

enum { MAP_WORD_BITS = 64 };

static inline MapWord *map_word(MapWord *map, size_t position)
{
    return map - position / MAP_WORD_BITS;
}

/* The words of the positions after and before those of a word. */
static inline MapWord *map_after(MapWord *word)
{
    return word - 1;
}

static inline MapWord *map_before(MapWord *word)
{
    return word + 1;
}

static inline bool map_is_start(MapWord *map, size_t position)
{
    return bits_test(map_word(map, position)->starts, position);
}

/* Whether the block that starts here is free. Only meaningful at a start. */
static inline bool map_is_free(MapWord *map, size_t position)
{
    return bits_test(map_word(map, position)->free, position);
}

static inline void map_set_start(MapWord *map, size_t position)
{
    MapWord *word = map_word(map, position);

    word->starts = bits_set(word->starts, position);
}

static inline void map_clear_start(MapWord *map, size_t position)
{
    MapWord *word = map_word(map, position);

    word->starts = bits_clear(word->starts, position);
}

static inline void map_set_free(MapWord *map, size_t position)
{
    MapWord *word = map_word(map, position);

    word->free = bits_set(word->free, position);
}

static inline void map_set_used(MapWord *map, size_t position)
{
    MapWord *word = map_word(map, position);

    word->free = bits_clear(word->free, position);
}

/* Writes down the size of a long block, so that its other end is found from either one. To be
 * called whenever a block of more than 64 units comes to be or changes its size. Shorter ones need
 * nothing: they never hold a whole word. */
static inline void map_put_size(MapWord *map, Pos block, Pos size)
{
    MapWord *first = map_after(map_word(map, block));
    MapWord *last = map_before(map_word(map, (size_t)block + size));

    if (size > MAP_WORD_BITS && first >= last) {
        first->free = size;
        last->free = size;
    }
}

/* Size of the block that starts at a position, when the next start is further than 63 units off. */
static inline Pos map_size_far(MapWord *map, size_t block)
{
    MapWord *word = map_word(map, block);

    if (map_after(word)->starts != 0) {
        return (Pos)((block | (MAP_WORD_BITS - 1)) + 1 + bits_lowest(map_after(word)->starts) -
                     block);
    }
    return (Pos)map_after(word)->free;
}

/* Starts after a position, as bits: bit k stands for position + k; bit 0 is clear. 0: none near. */
static inline uint64_t map_starts_after(MapWord *map, size_t position)
{
    MapWord *word = map_word(map, position);

    return bits_window(word->starts, map_after(word)->starts, position) & ~UINT64_C(1);
}

/* Starts before a position, as bits: bit k stands for position - 64 + k. 0: none near. */
static inline uint64_t map_starts_before(MapWord *map, size_t position)
{
    MapWord *word = map_word(map, position);

    return bits_window(map_before(word)->starts, word->starts, position);
}

/* Size of the block that starts at a position. */
static inline Pos map_size(MapWord *map, size_t block)
{
    uint64_t after = map_starts_after(map, block);

    return after != 0 ? (Pos)bits_lowest(after) : map_size_far(map, block);
}

/* Start of the block before this one, when it is further than 64 units off. */
static inline Pos map_previous_far(MapWord *map, size_t block)
{
    MapWord *word = map_word(map, block);

    if (map_before(word)->starts != 0) {
        return (Pos)((block & ~(size_t)(MAP_WORD_BITS - 1)) - MAP_WORD_BITS +
                     bits_highest(map_before(word)->starts));
    }
    return (Pos)(block - map_before(word)->free);
}

/* Start of the block before this one, which must not be the first. */
static inline Pos map_previous(MapWord *map, size_t block)
{
    uint64_t before = map_starts_before(map, block);

    return before != 0 ? (Pos)(block - MAP_WORD_BITS + bits_highest(before))
                       : map_previous_far(map, block);
}

#endif
