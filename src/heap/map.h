/* SPDX-License-Identifier: MIT
 *
 * The map: where blocks begin, and which are free. It is the truth of the heap: the index can be
 * rebuilt from it.
 *
 * Memory is counted in units; a position is the number of a unit. Two bit strings have one bit for
 * each position:
 *
 *   starts   1 where a block begins, free or in use
 *   free     at the first and at the last unit of a block: 1 if it is free, 0 if it is in use.
 *            Undefined elsewhere.
 *
 *   units     0 1 2 3 4 5 6 7 8 9 …
 *             [  A  ][B][   C    ][ …          A and C in use, B free
 *   starts    1 0 0 1 1 0 0 0 0 1
 *   free      0 - 0 1 0 - - - 0 …              (-: undefined)
 *
 * A block ends where the next one begins. Its last unit tells its state, too, so the state of the
 * previous block is known without a search for its start. Three bits of `free` give the state of a
 * block and of both its neighbours.
 *
 * Bit k of byte n stands for position 8 n + k. So one load and one shift give a window: the bits
 * from any position on, 57 at least, whatever the byte order of the machine.
 *
 * What no window reaches is in words of 64 bits. A word of `starts` that is 0 lies wholly inside
 * one block. The word of `free` beside it is undefined, except perhaps in its last bit. So the
 * first half of the first and of the last such word of a block holds the block's size, and both
 * ends of a block of any size are found in constant time:
 *
 *   starts  ..1.....  ........  ........  ........  .....1..
 *   free    ..f.....  size ...  any       size ..f  .....f..
 *             ^block   first                last         ^next block
 *
 * The words between these two belong to tree.h.
 *
 * The map does not know what blocks are for. The words before that of the first block and behind
 * that of the last one must exist, and be 0 in all bits that belong to no block. */
#ifndef MEM_SRC_MAP_H
#define MEM_SRC_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "base/unit.h"

enum { MAP_WORD_SHIFT = 6, MAP_WORD_BITS = 64, MAP_WORD_BYTES = 8 };

/* Addresses of the bytes that position 0 would have. */
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

/* Sets the bits of a mask in the 8 bytes from an address on. */
/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static inline void map_or(unsigned char *bytes, uint64_t mask)
{
#ifdef BITS_X86_64
    /* In memory: a compiler would reuse the earlier load, and need a register. */
    __asm__("orq %1, %0"
            : "+m"(*(unsigned char(*)[MAP_WORD_BYTES])(void *)bytes)
            : "r"(mask)
            : "cc");
#else
    map_store(bytes, map_load(bytes) | mask);
#endif
}

/* Returns the word of a position, aligned to 8 bytes. */
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

/* Returns the bits from a position on; at least the first 57 are valid. */
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

/* Clears a bit. Returns whether it was set; if not, writes nothing. */
static ALWAYS_INLINE bool map_take_bit(unsigned char *string, size_t position)
{
    uint64_t word = map_load_word(string, position);

    if (UNLIKELY(!bits_take(&word, position))) {
        return false;
    }
    map_store_word(string, position, word);
    return true;
}

/* Set, clear and test a bit in one instruction, where the processor has one: see bits_set_in. */
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

/* Returns whether the block that starts or ends at a position is free. */
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

/* Returns the size noted in the word of a position. */
static inline Pos map_noted_size(Map map, size_t position)
{
    Pos size;

    memcpy(&size, map_word(map.free, position), sizeof size);
    return size;
}

/* Notes the size of a block that covers a whole word. */
static ALWAYS_INLINE void map_note_size(Map map, size_t block, size_t size)
{
    Pos note = (Pos)size;

    memcpy(map_word(map.free, block) + MAP_WORD_BYTES, &note, sizeof note);
    memcpy(map_word(map.free, block + size) - MAP_WORD_BYTES, &note, sizeof note);
}

/* Notes the size of a block of more than 64 units if it covers a whole word. */
static inline void map_put_long_size(Map map, size_t block, size_t size)
{
    if (map_word(map.free, block) + MAP_WORD_BYTES <=
        map_word(map.free, block + size) - MAP_WORD_BYTES) {
        map_note_size(map, block, size);
    }
}

/* Notes the size of a long block, so that each of its ends leads to the other. Call it whenever a
 * block of more than 64 units appears or changes its size. Shorter blocks never cover a whole
 * word. */
static inline void map_put_size(Map map, size_t block, size_t size)
{
    if (size > MAP_WORD_BITS) {
        map_put_long_size(map, block, size);
    }
}

/* Returns the units from a position to the end of the block that starts there. */
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

/* Returns the units of the block before a position; a block starts there, and is not the first. */
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

/* Returns the size of the block that starts at a position. */
static inline Pos map_size(Map map, size_t block)
{
    return (Pos)map_length(map, block);
}

/* Returns the start of the block before one, which must not be the first. */
static inline Pos map_previous(Map map, size_t block)
{
    return (Pos)(block - map_length_before(map, block));
}

#endif
