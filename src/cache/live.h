/* SPDX-License-Identifier: MIT
 *
 * Strings of live bits: see granule.h. One thread writes them, and others may read them meanwhile.
 * Bit n of a string is bit n % LIVE_WORD_BITS of word n / LIVE_WORD_BITS. All accesses, to remote
 * bits too, are of whole words. */
#ifndef MEM_SRC_LIVE_H
#define MEM_SRC_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

typedef size_t LiveWord;

enum { LIVE_WORD_BITS = 8 * sizeof(LiveWord) };

/* Returns the number of a bit in its word. Functions of bits.h take numbers modulo 64. */
static ALWAYS_INLINE size_t live_bit(size_t block)
{
    return LIVE_WORD_BITS == 64 ? block : block % LIVE_WORD_BITS;
}

static ALWAYS_INLINE LiveWord live_mask(size_t block)
{
    return (LiveWord)1 << block % LIVE_WORD_BITS;
}

static ALWAYS_INLINE uint64_t live_word(const LiveWord *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by the builtin */
static ALWAYS_INLINE void live_put_word(LiveWord *at, uint64_t word)
{
    __atomic_store_n(at, (LiveWord)word, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE bool live_test(const LiveWord *live, size_t block)
{
    return bits_test(live_word(&live[block / LIVE_WORD_BITS]), live_bit(block));
}

static ALWAYS_INLINE void live_set(LiveWord *live, size_t block)
{
    LiveWord *at = &live[block / LIVE_WORD_BITS];

    live_put_word(at, bits_set(live_word(at), live_bit(block)));
}

static ALWAYS_INLINE void live_clear(LiveWord *live, size_t block)
{
    LiveWord *at = &live[block / LIVE_WORD_BITS];

    live_put_word(at, bits_clear(live_word(at), live_bit(block)));
}

#endif
