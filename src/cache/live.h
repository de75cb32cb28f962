/* SPDX-License-Identifier: MIT
 *
 * Live bits: see granule.h. One thread writes them, others may read them meanwhile: by bytes, so that what a string of
 * them says does not depend on the order of bytes in a word. */
#ifndef MEM_SRC_LIVE_H
#define MEM_SRC_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

static ALWAYS_INLINE uint64_t live_byte(const unsigned char *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by the builtin */
static ALWAYS_INLINE void live_put_byte(unsigned char *at, uint64_t byte)
{
    __atomic_store_n(at, (unsigned char)byte, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE bool live_test(const unsigned char *live, size_t block)
{
    return bits_test(live_byte(&live[block / 8]), block % 8);
}

static ALWAYS_INLINE void live_set(unsigned char *live, size_t block)
{
    unsigned char *at = &live[block / 8];

    live_put_byte(at, bits_set(live_byte(at), block % 8));
}

static ALWAYS_INLINE void live_clear(unsigned char *live, size_t block)
{
    unsigned char *at = &live[block / 8];

    live_put_byte(at, bits_clear(live_byte(at), block % 8));
}

#endif
