/* SPDX-License-Identifier: MIT
 *
 * Bit arithmetic on words that C has no operators for. */
#ifndef MEM_SRC_BITS_H
#define MEM_SRC_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hides a variable from other modules, so that the compiler addresses it directly. */
#define HIDDEN __attribute__((__visibility__("hidden")))

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Inlines a function always. A coverage build defines this otherwise, to count each branch once. */
#ifndef ALWAYS_INLINE
#define ALWAYS_INLINE inline __attribute__((__always_inline__))
#endif

/* Returns a word with one bit set. Bit 0 is the lowest; numbers count modulo 64. */
static inline uint64_t bits_mask(size_t number)
{
    return UINT64_C(1) << (number & 63);
}

static inline bool bits_test(uint64_t word, size_t number)
{
    return word >> (number & 63) & 1;
}

/* On x86-64 some helpers are single instructions, written in assembly. Compilers find these
 * instructions, too, but surround them with others that are not needed here. */
#if defined(__x86_64__) && defined(__GNUC__)
#define BITS_X86_64 1
#endif

static inline uint64_t bits_set(uint64_t word, size_t number)
{
#ifdef BITS_X86_64
    __asm__("btsq %1, %0" : "+r"(word) : "r"(number) : "cc");
    return word;
#else
    return word | bits_mask(number);
#endif
}

static inline uint64_t bits_clear(uint64_t word, size_t number)
{
#ifdef BITS_X86_64
    __asm__("btrq %1, %0" : "+r"(word) : "r"(number) : "cc");
    return word;
#else
    return word & ~bits_mask(number);
#endif
}

/* Sets or clears a bit in an array of words, in one instruction if the processor has one. That
 * instruction is no faster than the code it replaces, and slower in a busy pipeline, but it needs
 * no register. */
/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static ALWAYS_INLINE void bits_set_in(uint64_t *words, size_t number)
{
#ifdef BITS_X86_64
    __asm__("btsq %1, %0" : "+m"(*(uint64_t(*)[])words) : "r"(number) : "cc");
#else
    words[number / 64] = bits_set(words[number / 64], number);
#endif
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static ALWAYS_INLINE void bits_clear_in(uint64_t *words, size_t number)
{
#ifdef BITS_X86_64
    __asm__("btrq %1, %0" : "+m"(*(uint64_t(*)[])words) : "r"(number) : "cc");
#else
    words[number / 64] = bits_clear(words[number / 64], number);
#endif
}

static ALWAYS_INLINE bool bits_test_in(const uint64_t *words, size_t number)
{
#if defined(BITS_X86_64) && defined(__GCC_ASM_FLAG_OUTPUTS__)
    bool set;

    __asm__("btq %2, %1" : "=@ccc"(set) : "m"(*(const uint64_t(*)[1 << 26]) words), "r"(number));
    return set;
#else
    return bits_test(words[number / 64], number);
#endif
}

/* Flips the bits of a mask in a word. Returns whether the result is 0. */
/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static inline bool bits_flip(uint64_t *word, uint64_t mask)
{
#if defined(BITS_X86_64) && defined(__GCC_ASM_FLAG_OUTPUTS__)
    bool zero;

    __asm__("xorq %2, %0" : "+m"(*word), "=@ccz"(zero) : "r"(mask));
    return zero;
#else
    *word ^= mask;
    return *word == 0;
#endif
}

/* Flips the lowest bit of a word. Returns whether the result is 0. */
/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static ALWAYS_INLINE bool bits_flip_lowest(uint64_t *word)
{
#if defined(BITS_X86_64) && defined(__GCC_ASM_FLAG_OUTPUTS__)
    bool zero;

    __asm__("xorq $1, %0" : "+r"(*word), "=@ccz"(zero));
    return zero;
#else
    *word ^= 1;
    return *word == 0;
#endif
}

/* Subtracts from a word. Returns whether the subtraction wrapped around. */
/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static inline bool bits_subtract(size_t *word, size_t amount)
{
#if defined(BITS_X86_64) && defined(__GCC_ASM_FLAG_OUTPUTS__)
    bool less;

    __asm__("subq %2, %0" : "+m"(*word), "=@ccb"(less) : "r"(amount));
    return less;
#else
    return __builtin_sub_overflow(*word, amount, word);
#endif
}

/* Clears a bit. Returns whether it was set. */
/* NOLINTNEXTLINE(readability-non-const-parameter): written to by assembly */
static inline bool bits_take(uint64_t *word, size_t number)
{
#if defined(BITS_X86_64) && defined(__GCC_ASM_FLAG_OUTPUTS__)
    bool set;

    __asm__("btrq %2, %0" : "+r"(*word), "=@ccc"(set) : "r"(number));
    return set;
#else
    bool set = bits_test(*word, number);

    *word = bits_clear(*word, number);
    return set;
#endif
}

/* Returns the number of the lowest set bit. The word must not be 0. */
static inline size_t bits_lowest(uint64_t word)
{
#ifdef BITS_X86_64
    __asm__("rep bsfq %0, %0" : "+r"(word) : : "cc"); /* tzcnt, on processors that have it */
    return word;
#else
    return (size_t)__builtin_ctzll(word);
#endif
}

/* Returns the number of the highest set bit. The word must not be 0. */
static inline size_t bits_highest(uint64_t word)
{
#ifdef BITS_X86_64
    size_t number;

    __asm__("bsrq %1, %0" : "=r"(number) : "r"(word) : "cc");
    return number;
#else
    return 63U ^ (size_t)__builtin_clzll(word);
#endif
}

/* Makes the compiler forget what it knows about a word: the word is loaded at this point, and an
 * index is folded into the address of each instruction instead of being scaled into one more
 * register. */
#ifdef __GNUC__
#define BITS_FORGET(word) __asm__("" : "+r"(word))
#else
#define BITS_FORGET(word) ((void)(word))
#endif

/* Returns the same number as a size_t of unknown value. The compiler then keeps one copy for wide
 * and narrow uses alike, which frees a register. */
static inline size_t bits_widen(uint32_t number)
{
    size_t wide = number;

    BITS_FORGET(wide);
    return wide;
}

static inline bool bits_is_power_of_two(size_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

/* Returns the number, clamped to the range from `least` to `most`. */
static inline size_t bits_between(size_t least, size_t number, size_t most)
{
    return number < least ? least : number > most ? most : number;
}

/* Rotates a word by `count` bits, 1 to 31. */
static inline size_t bits_rotate_right(size_t word, unsigned count)
{
    return word >> count | word << (8 * sizeof word - count);
}

static inline size_t bits_rotate_left(size_t word, unsigned count)
{
    return word << count | word >> (8 * sizeof word - count);
}

#endif
