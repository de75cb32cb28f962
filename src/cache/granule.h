/* SPDX-License-Identifier: MIT
 *
 * Granules: the heap in pieces of 512 units, each of which is the heap's own or belongs to one cache.
 *
 *   heap      [ granule | granule | granule | granule | granule | … ]
 *   tags          0         7:12      7:12       3:5       0            owner : class of its blocks
 *                         |<--- a span --->|<-- one -->|
 *
 * A cache takes granules in spans: one block in use for the heap, cut into blocks of one class. For each
 * unit there are two bits, which are kept apart from the heap's map:
 *
 *   live      1: the program has the block that begins here. Only the owner of the granule writes it, by
 *             plain stores; or another thread, while all caches are hidden.
 *   remote    1: another thread has freed it, and the owner does not know yet. Written by atomic
 *             operations.
 *
 * So a pointer into a span is a block of the program's if and only if its live bit is set and its remote bit
 * is not, whatever the program wrote to the block. The bits of one granule fill one cache line of a processor,
 * and granules begin where cache lines do: threads share no line on their common ways. */
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
    OWNERS_MAX = 254, /* 255 is the owner in cache_none: no granule has it */
    CLASS_MASK = (1 << OWNER_SHIFT) - 1
};

_Static_assert(SIZES <= (int)CLASS_MASK, "a tag has room for a class");

/* The end of an inbox. Spans are named by the number of their first granule; 0 is none. */
#define GRANULE_LAST UINT32_MAX

/* The tables, each at what stands for position 0, or granule 0. */
typedef struct Granules {
    LiveWord *live;    /* of each unit, a bit: see above */
    LiveWord *remote;  /* likewise. Atomic */
    uint16_t *tags;    /* of each granule: owner << OWNER_SHIFT | class; 0: the heap's */
    uint16_t *offsets; /* of a cache's granule: how many granules lie before it in its span */
    Pos *listed;       /* of a span: the next one in its owner's list, a circle; 0: it is in none */
    Pos *posted;       /* of a span: the next one in its owner's inbox; 0: it is in none. Atomic */
    unsigned char *lengths; /* granules of a span of each class; 0: not computed yet */
} Granules;

static ALWAYS_INLINE size_t granule_of(size_t block)
{
    return block >> GRANULE_SHIFT;
}

static ALWAYS_INLINE size_t granule_start(size_t granule)
{
    return granule << GRANULE_SHIFT;
}

/* Reads the tag of the granule that a block lies in. Others may change it meanwhile. */
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

/* The first granule of the span that a block lies in. */
static inline size_t granule_first(const Granules *granules, size_t block)
{
    size_t granule = granule_of(block);

    return granule - __atomic_load_n(&granules->offsets[granule], __ATOMIC_RELAXED);
}

/* A full fence, after an atomic read-modify-write: that is one itself on some processors. */
static inline void granule_fence_after(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Whether another thread has freed the block that begins at a position. What is read after this is not older. */
static inline bool granule_is_freed(const Granules *granules, size_t block)
{
    return bits_test(__atomic_load_n(&granules->remote[block / LIVE_WORD_BITS], __ATOMIC_ACQUIRE),
                     live_bit(block));
}

/* Clears a remote bit. False: it was not set. */
static inline bool granule_take_freed(const Granules *granules, size_t block)
{
    return (__atomic_fetch_and(&granules->remote[block / LIVE_WORD_BITS], ~live_mask(block),
                               __ATOMIC_ACQ_REL) &
            live_mask(block)) != 0;
}

/* Whether the program has the block of a span that begins at a position. In this order: the owner clears live bits
 * first. */
static inline bool granule_has_block(const Granules *granules, size_t block)
{
    return !granule_is_freed(granules, block) && live_test(granules->live, block);
}

#endif
