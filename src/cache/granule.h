/* SPDX-License-Identifier: MIT
 *
 * Granules: the heap in pieces of 512 units. Each belongs to the heap itself or to one cache.
 *
 *   heap      [ granule | granule | granule | granule | granule | … ]
 *   tags          0         7:12      7:12       3:5       0            owner : class of its blocks
 *                         |<--- a span --->|<-- one -->|
 *
 * A cache takes granules in spans. A span is one block in use for the heap, and is cut into blocks
 * of one class. Each unit has two bits, apart from the heap's map:
 *
 *   live      1: the program has the block that begins here. Written only by the owner of the
 *             granule, by plain stores; or by another thread, while all caches are hidden.
 *   remote    1: another thread has freed the block, and the owner does not know yet. Written by
 *             atomic operations.
 *
 * So the program has the block at a position in a span if and only if its live bit is set and its
 * remote bit is not, whatever the program wrote to the block. The bits of one granule fill one
 * cache line each, and granules begin where cache lines do: threads share no line in their common
 * operations. */
#ifndef MEM_SRC_GRANULE_H
#define MEM_SRC_GRANULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/unit.h"
#include "cache/live.h"
#include "cache/sizes.h"

enum {
    GRANULE_SHIFT = 9,
    GRANULE_UNITS = 1 << GRANULE_SHIFT,
    OWNER_SHIFT = 8,
    OWNERS_MAX = 254, /* 255 is the owner of cache_none: no granule has it */
    CLASS_MASK = (1 << OWNER_SHIFT) - 1
};

_Static_assert(SIZES <= (int)CLASS_MASK, "a tag has room for a class");

/* Ends an inbox. A span is named by the number of its first granule; 0 is no span. */
#define GRANULE_LAST UINT32_MAX

/* The tables, each addressed by position 0 or granule 0. */
typedef struct Granules {
    LiveWord *live;         /* a bit for each unit: see above */
    LiveWord *remote;       /* likewise; atomic */
    uint16_t *tags;         /* by granule: owner << OWNER_SHIFT | class; 0: the heap's */
    uint16_t *offsets;      /* by granule of a cache: granules before it in its span */
    Pos *listed;            /* by span: next in its owner's circular list; 0: in none */
    Pos *posted;            /* by span: next in its owner's inbox; 0: in none; atomic */
    unsigned char *lengths; /* by class: granules of a span; 0: not computed yet */
} Granules;

static ALWAYS_INLINE size_t granule_of(size_t block)
{
    return block >> GRANULE_SHIFT;
}

static ALWAYS_INLINE size_t granule_start(size_t granule)
{
    return granule << GRANULE_SHIFT;
}

/* Returns the tag of the granule that a block lies in. Other threads may change it meanwhile. */
static ALWAYS_INLINE unsigned granule_tag(const uint16_t *tags, size_t block)
{
    return __atomic_load_n(&tags[granule_of(block)], __ATOMIC_RELAXED);
}

static inline void granule_set_tag(const Granules *granules, size_t granule, unsigned tag)
{
    __atomic_store_n(&granules->tags[granule], (uint16_t)tag, __ATOMIC_RELAXED);
}

static inline unsigned tag_owner(unsigned tag)
{
    return tag >> OWNER_SHIFT;
}

static inline unsigned tag_class(unsigned tag)
{
    return tag & CLASS_MASK;
}

/* Returns the first granule of the span that a block lies in. */
static inline size_t granule_first(const Granules *granules, size_t block)
{
    size_t granule = granule_of(block);

    return granule - __atomic_load_n(&granules->offsets[granule], __ATOMIC_RELAXED);
}

/* Issues a full fence after an atomic read-modify-write, which is a fence itself on some
 * processors. */
static inline void granule_fence_after(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Returns whether another thread has freed the block at a position. Later reads are not older than
 * this one. */
static inline bool granule_is_freed(const Granules *granules, size_t block)
{
    return bits_test(__atomic_load_n(&granules->remote[block / LIVE_WORD_BITS], __ATOMIC_ACQUIRE),
                     live_bit(block));
}

/* Clears a remote bit. Returns whether it was set. */
static inline bool granule_take_freed(const Granules *granules, size_t block)
{
    return (__atomic_fetch_and(&granules->remote[block / LIVE_WORD_BITS], ~live_mask(block),
                               __ATOMIC_ACQ_REL) &
            live_mask(block)) != 0;
}

/* Returns whether the program has the block of a span at a position. Reads the remote bit first,
 * since the owner clears the live bit first. */
static inline bool granule_has_block(const Granules *granules, size_t block)
{
    return !granule_is_freed(granules, block) && live_test(granules->live, block);
}

#endif
