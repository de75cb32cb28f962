/* SPDX-License-Identifier: MIT
 *
 * Memory for the caches of threads, and for their stacks: a part of the bookkeeping, out of the program's reach, in
 * pieces of 64 bytes that are named by their numbers. Pieces that were never used are never touched. */
#ifndef MEM_SRC_POOL_H
#define MEM_SRC_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/granule.h"
#include "os/spin.h"

typedef struct Cache Cache;

enum {
    PIECE_BYTES = 64,
    POOL_ALIGNMENT = 2 * PIECE_BYTES, /* of a pool, and of the caches in it */
    POOL_STACK_SIZES = 6              /* of stacks: 1, 2, 4 … pieces */
};

/* The first pieces of a pool are this structure. */
typedef struct Pool {
    Spin lock; /* of all members but those that never change */
    Pos fresh; /* pieces from this one on were never used */
    Pos end;   /* pieces there are: those that are open */
    /* The first free stack of each size; it names the next; 0: there is none. */
    Pos stacks[POOL_STACK_SIZES];
    Pos stack_units;            /* units of all blocks that one stack may name; never changes */
    Pos largest;                /* units of the largest class that has spans; never changes */
    Pos owners;                 /* caches there are: their owners are 1 to this */
    Pos owners_most;            /* caches there may be, up to OWNERS_MAX; never changes */
    Pos left;                   /* owner of the cache that a thread left last; 0: none */
    Pos caches[OWNERS_MAX + 1]; /* piece where the cache of each owner begins */
    unsigned char lengths[SIZES + 1]; /* as in Granules */
} Pool;

/* Bytes of a pool for a heap of so many bytes; 0: such a heap gets none. Of a mapping a sixty-fourth, which is not
 * there before it is used; of the caller's memory a 512th. */
size_t pool_bytes_mapped(size_t heap_bytes);
size_t pool_bytes_inside(size_t heap_bytes);

/* Makes a pool of so many bytes, which are all 0, for a heap of so many. */
void pool_init(Pool *pool, size_t bytes, size_t heap_bytes);

/* From now on so many bytes may be used, which are all 0. */
void pool_open(Pool *pool, size_t bytes);

static inline void *pool_piece(Pool *pool, Pos piece)
{
    return (char *)pool + (size_t)piece * PIECE_BYTES;
}

static inline Pos pool_number(const Pool *pool, const void *piece)
{
    return (Pos)((size_t)((const char *)piece - (const char *)pool) / PIECE_BYTES);
}

/* Takes a stack for so many positions, a floor and a ceiling. NULL: there is none. */
Pos *pool_take_stack(Pool *pool, size_t capacity);
void pool_give_stack(Pool *pool, Pos *stack, size_t capacity);

/* Takes memory for one more cache, aligned to two pieces, and the number of its owner. NULL: there can be none. */
void *pool_take_cache(Pool *pool, size_t bytes, unsigned *owner);

/* The cache of an owner. */
static inline Cache *pool_cache(Pool *pool, unsigned owner)
{
    return pool_piece(pool, pool->caches[owner]);
}

#endif
