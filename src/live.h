/* SPDX-License-Identifier: MIT
 *
 * Which blocks the program has: a bit for each unit, set for the first one of such a block. It is not set for
 * what is free, and for what waits in a magazine: of a block that is to be freed one bit tells whether it may
 * be, and the block need not be read. It was often not used for long, and then to read it is what freeing it
 * takes longest.
 *
 * The bits of several blocks share a byte, and are written without a lock: so only one thread may,
 * or one that all others wait for. They are in use while only one allocates: they begin with the first cache, and
 * end, for good, with the first other thread that locks the region: see operation_begin.
 *
 * Units of 16 bytes are worth it. Those of 8 bytes would need a 64th of the memory. */
#ifndef MEM_SRC_LIVE_H
#define MEM_SRC_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "bits.h"
#include "heap.h"

#ifndef LIVE_BITS
#define LIVE_BITS (HEAP_UNIT_SHIFT >= 4)
#endif

/* At the byte of position 0. */
typedef unsigned char *Live;

static ALWAYS_INLINE uint64_t live_byte(const unsigned char *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by the builtin */
static ALWAYS_INLINE void live_put_byte(unsigned char *at, uint64_t byte)
{
    __atomic_store_n(at, (unsigned char)byte, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE bool live_test(Live live, size_t block)
{
    return bits_test(live_byte(&live[block / 8]), block % 8);
}

static ALWAYS_INLINE void live_set(Live live, size_t block)
{
    unsigned char *at = &live[block / 8];

    live_put_byte(at, bits_set(live_byte(at), block % 8));
}

static ALWAYS_INLINE void live_clear(Live live, size_t block)
{
    unsigned char *at = &live[block / 8];

    live_put_byte(at, bits_clear(live_byte(at), block % 8));
}

#endif
