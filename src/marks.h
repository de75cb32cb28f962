/* SPDX-License-Identifier: MIT
 *
 * Which blocks wait in magazines: a bit for each unit, set for the first of such a block. A key in the block
 * itself says the same, but to look for it the block has to be read, which was often not used for long: then
 * that is what freeing it takes longest. Only one thread may write to the bits, since those of several
 * blocks share a byte; so they are used while a single thread has a cache of the region. Others may read
 * them.
 *
 * Units of 16 bytes are worth it. Those of 8 bytes would need a 64th of the memory. */
#ifndef MEM_SRC_MARKS_H
#define MEM_SRC_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "bits.h"
#include "heap.h"

#ifndef MARKS
#define MARKS (HEAP_UNIT_SHIFT >= 4)
#endif

/* At the byte of position 0. */
typedef unsigned char *Marks;

static ALWAYS_INLINE unsigned marks_byte(const unsigned char *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by the builtin */
static ALWAYS_INLINE void marks_set_byte(unsigned char *at, unsigned byte)
{
    __atomic_store_n(at, (unsigned char)byte, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE bool marks_test(Marks marks, size_t block)
{
    return (marks_byte(&marks[block / 8]) >> block % 8 & 1) != 0;
}

static ALWAYS_INLINE void marks_set(Marks marks, size_t block)
{
    unsigned char *at = &marks[block / 8];

    marks_set_byte(at, marks_byte(at) | 1U << block % 8);
}

static ALWAYS_INLINE void marks_clear(Marks marks, size_t block)
{
    unsigned char *at = &marks[block / 8];

    marks_set_byte(at, marks_byte(at) & ~(1U << block % 8));
}

#endif
