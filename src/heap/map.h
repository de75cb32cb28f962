/* SPDX-License-Identifier: MIT
 *
 * The map: where blocks begin, and which of them are free. It is the truth of the heap; the index
 * of free blocks can be rebuilt from it.
 *
 * Memory is counted in units; a position is the number of a unit. Two strings of bits, with one bit
 * in each for every position, say all:
 *
 *   starts   1 where a block begins, free or in use
 *   free     at the first and at the last unit of a block: 1 if it is free, 0 if it is in use.
 *            Elsewhere it says nothing.
 *
 *   units     0 1 2 3 4 5 6 7 8 9 …
 *             [  A  ][B][   C    ][ …          A and C in use, B free
 *   starts    1 0 0 1 1 0 0 0 0 1
 *   free      0 - 0 1 0 - - - 0 …              (- is not looked at)
 *
 * A block ends where the next one begins. Since the last unit tells as well as the first, whether
 * the block before is free is seen without looking for where it begins; and three bits of free tell
 * of a block and of both its neighbours.
 *
 * Bit k of byte n stands for position 8 n + k, so that the bits from any position on, 57 at least,
 * are one load and one shift, whatever the byte order of the machine: a window.
 *
 * Words of 64 bits serve for what no window reaches. A word of starts that is 0 lies wholly inside
 * one block; the free word beside it has nothing to say, but perhaps in its last bit, and so its
 * first half holds, in the first and in the last such word of a block, the block's size. With that,
 * both ends of a block of any size are found in constant time:
 *
 *   starts  ..1.....  ........  ........  ........  .....1..
 *   free    ..f.....  size ...  any       size ..f  .....f..
 *             ^block   first                last         ^next block
 *
 * What lies between these two is not the map's: see tree.h.
 *
 * The map knows nothing of what a block is for. The words before that of the first block and after
 * that of the last must be there, too; and 0, as far as they can be told to be of no block. */
#ifndef MEM_SRC_MAP_H
#define MEM_SRC_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "base/unit.h"

enum { MAP_WORD_SHIFT = 6, MAP_WORD_BITS = 64, MAP_WORD_BYTES = 8 };

/* Where the bits of position 0 would be. */
typedef struct Map {
    unsigned char *starts;
    unsigned char *free;
} Map;

static inline uint64_t map_load(const unsigned char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void map_store(unsigned char *bytes, uint64_t word)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(bytes, &word, sizeof word);
}

/* Sets the bits of a mask in the 64 from a byte on. */
/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static inline void map_or(unsigned char *bytes, uint64_t mask)
{
#ifdef BITS_X86_64
    /* In memory, where a compiler would go on with what it loaded before, and need a register. */
    __asm__("orq %1, %0"
            : "+m"(*(unsigned char(*)[MAP_WORD_BYTES])(void *)bytes)
            : "r"(mask)
            : "cc");
#else
    map_store(bytes, map_load(bytes) | mask);
#endif
}

/* The word of a position. Always 8-byte aligned. */
static inline unsigned char *map_word(unsigned char *string, size_t position)
{
    return string + position / MAP_WORD_BITS * MAP_WORD_BYTES;
}

static inline uint64_t map_load_word(unsigned char *string, size_t position)
{
    return map_load(__builtin_assume_aligned(map_word(string, position), MAP_WORD_BYTES));
}

static inline void map_store_word(unsigned char *string, size_t position, uint64_t word)
{
    map_store(__builtin_assume_aligned(map_word(string, position), MAP_WORD_BYTES), word);
}

/* The bits from a position on; the first 57 of them are right. */
static inline uint64_t map_window(const unsigned char *string, size_t position)
{
    return map_load(string + position / 8) >> (position & 7);
}

static inline void map_set_bit(unsigned char *string, size_t position)
{
    map_store_word(string, position, bits_set(map_load_word(string, position), position));
}

static inline void map_clear_bit(unsigned char *string, size_t position)
{
    map_store_word(string, position, bits_clear(map_load_word(string, position), position));
}

/* Clears a bit. Returns whether it was set; nothing is written if not. */
static ALWAYS_INLINE bool map_take_bit(unsigned char *string, size_t position)
{
    uint64_t word = map_load_word(string, position);

    if (UNLIKELY(!bits_take(&word, position))) {
        return false;
    }
    map_store_word(string, position, word);
    return true;
}

/* The same, shorter where there is an instruction for it: see bits_set_in. */
static ALWAYS_INLINE void map_set_bit_at_once(unsigned char *string, size_t position)
{
#ifdef BITS_X86_64
    bits_set_in((uint64_t *)(void *)string, position);
#else
    map_set_bit(string, position);
#endif
}

static ALWAYS_INLINE void map_clear_bit_at_once(unsigned char *string, size_t position)
{
#ifdef BITS_X86_64
    bits_clear_in((uint64_t *)(void *)string, position);
#else
    map_clear_bit(string, position);
#endif
}

static ALWAYS_INLINE bool map_test_bit_at_once(unsigned char *string, size_t position)
{
#ifdef BITS_X86_64
    return bits_test_in((const uint64_t *)(void *)string, position);
#else
    return bits_test(map_load_word(string, position), position);
#endif
}

static inline bool map_is_start(Map map, size_t position)
{
    return bits_test(map_load_word(map.starts, position), position);
}

static inline void map_set_start(Map map, size_t position)
{
    map_set_bit(map.starts, position);
}

static inline void map_clear_start(Map map, size_t position)
{
    map_clear_bit(map.starts, position);
}

/* Whether the block that starts or ends with a unit is free. */
static inline bool map_is_free(Map map, size_t position)
{
    return bits_test(map_load_word(map.free, position), position);
}

static inline void map_set_free(Map map, size_t block, size_t size)
{
    map_set_bit(map.free, block);
    map_set_bit(map.free, block + size - 1);
}

static inline void map_set_used(Map map, size_t block, size_t size)
{
    map_clear_bit(map.free, block);
    map_clear_bit(map.free, block + size - 1);
}

/* The size noted in the word of a position. */
static inline Pos map_noted_size(Map map, size_t position)
{
    Pos size;

    memcpy(&size, map_word(map.free, position), sizeof size);
    return size;
}

/* Writes down the size of a block that holds a whole word. */
static ALWAYS_INLINE void map_note_size(Map map, size_t block, size_t size)
{
    Pos note = (Pos)size;

    memcpy(map_word(map.free, block) + MAP_WORD_BYTES, &note, sizeof note);
    memcpy(map_word(map.free, block + size) - MAP_WORD_BYTES, &note, sizeof note);
}

/* Writes down the size of a block of more than 64 units. */
static inline void map_put_long_size(Map map, size_t block, size_t size)
{
    if (map_word(map.free, block) + MAP_WORD_BYTES <=
        map_word(map.free, block + size) - MAP_WORD_BYTES) {
        map_note_size(map, block, size);
    }
}

/* Writes down the size of a block if it is long, so that its other end is found from either one. To
 * be called whenever a block of more than 64 units comes to be or changes its size. Shorter ones
 * need nothing: they never hold a whole word. */
static inline void map_put_size(Map map, size_t block, size_t size)
{
    if (size > MAP_WORD_BITS) {
        map_put_long_size(map, block, size);
    }
}

/* Units from a position, where a block starts, to its end. */
static inline size_t map_length(Map map, size_t block)
{
    uint64_t starts = map_load_word(map.starts, block) >> (block & 63) & ~UINT64_C(1);

    if (starts != 0) {
        return bits_lowest(starts);
    }
    starts = map_load_word(map.starts, block + MAP_WORD_BITS);
    if (starts != 0) {
        return (block | 63) + 1 + bits_lowest(starts) - block;
    }
    return map_noted_size(map, block + MAP_WORD_BITS);
}

/* The same to the start of the block before it, which must not be the first. */
static inline size_t map_length_before(Map map, size_t block)
{
    uint64_t starts = map_load_word(map.starts, block) & (bits_mask(block) - 1);

    if (starts != 0) {
        return (block & 63) - bits_highest(starts);
    }
    starts = map_load_word(map.starts, block - MAP_WORD_BITS);
    if (starts != 0) {
        return (block & 63) + MAP_WORD_BITS - bits_highest(starts);
    }
    return map_noted_size(map, block - MAP_WORD_BITS);
}

/* Size of the block that starts at a position. */
static inline Pos map_size(Map map, size_t block)
{
    return (Pos)map_length(map, block);
}

/* Start of the block before this one, which must not be the first. */
static inline Pos map_previous(Map map, size_t block)
{
    return (Pos)(block - map_length_before(map, block));
}

#endif
