/* SPDX-License-Identifier: MIT
 *
 * Small arithmetic on words that C has no operators for. */
#ifndef MEM_SRC_BITS_H
#define MEM_SRC_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Bits are numbered from the lowest, and numbers count modulo 64. */
static inline uint64_t bits_mask(size_t number)
{
    return UINT64_C(1) << (number & 63);
}

static inline bool bits_test(uint64_t word, size_t number)
{
    return word >> (number & 63) & 1;
}

static inline uint64_t bits_set(uint64_t word, size_t number)
{
    return word | bits_mask(number);
}

static inline uint64_t bits_clear(uint64_t word, size_t number)
{
    return word & ~bits_mask(number);
}

/* On x86-64 a few one-instruction helpers are written as such. Compilers find these instructions,
 * but surround them with others that are needless here. */
#if defined(__x86_64__) && defined(__GNUC__)
#define BITS_X86_64 1
#endif

/* Number of the lowest bit set; word is not 0. */
static inline size_t bits_lowest(uint64_t word)
{
#ifdef BITS_X86_64
    __asm__("rep bsfq %0, %0" : "+r"(word) : : "cc"); /* tzcnt, where there is one */
    return word;
#else
    return (size_t)__builtin_ctzll(word);
#endif
}

/* Number of the highest bit set; word is not 0. */
static inline size_t bits_highest(uint64_t word)
{
#ifdef BITS_X86_64
    __asm__("bsrq %0, %0" : "+r"(word) : : "cc");
    return word;
#else
    return 63U ^ (size_t)__builtin_clzll(word);
#endif
}

/* The same number, but the compiler does not know. So it keeps one copy of a number that was read
 * narrow and is used wide and narrow, not two, and a register is free for something else. */
static inline size_t bits_widen(uint32_t number)
{
    size_t wide = number;

#ifdef __GNUC__
    __asm__("" : "+r"(wide));
#endif
    return wide;
}

/* The 64 bits from number first, modulo 64, on of the 128 in (high, low). */
static inline uint64_t bits_window(uint64_t low, uint64_t high, size_t first)
{
#ifdef BITS_X86_64
    __asm__("shrdq %%cl, %1, %0" : "+r"(low) : "r"(high), "c"((unsigned char)first) : "cc");
    return low;
#else
    return low >> (first & 63) | high << 1 << (~first & 63);
#endif
}

/* Rotates right by count, 1 to 31. */
static inline size_t bits_rotate_right(size_t word, unsigned count)
{
    return word >> count | word << (8 * sizeof word - count);
}

#endif
