/* SPDX-License-Identifier: MIT
 *
 * The pool: memory for caches and their stacks. It is a part of the bookkeeping, out of the
 * program's reach, in pieces of 64 bytes that are named by their numbers. Pieces that were never
 * used are never touched. */
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
    POOL_ALIGNMENT = 2 * PIECE_BYTES, /* bytes: of a pool, and of the caches in it */
    POOL_STACK_SIZES = 6              /* of stacks: 1, 2, 4 … pieces */
};

/* The head of a pool, in its first pieces. */
typedef struct Pool {
    Spin lock; /* for all members that ever change */
    Pos fresh; /* piece: from here on pieces were never used */
    Pos end;   /* piece: end of the open pieces */
    /* By size, the first free stack; its first word names the next one; 0: none. */
    Pos stacks[POOL_STACK_SIZES];
    Pos stack_units;            /* units: the most in the blocks on one stack; constant */
    Pos largest;                /* units of the largest class that has spans; constant */
    Pos owners;                 /* caches in existence: owners 1 to this number */
    Pos owners_most;            /* the most caches, up to OWNERS_MAX; constant */
    Pos left;                   /* owner of the cache most recently left by a thread; 0: none */
    Pos caches[OWNERS_MAX + 1]; /* by owner: piece where the cache begins */
    unsigned char lengths[SIZES + 1]; /* as in Granules */
} Pool;

/* Return the bytes of the pool for a heap of `heap_bytes`; 0: such a heap has no caches. In a
 * mapping it is a 64th, which is resident only when used; in memory of the caller a 512th. */
size_t pool_bytes_mapped(size_t heap_bytes);
size_t pool_bytes_inside(size_t heap_bytes);

/* Initializes a pool of `bytes` bytes, all 0, for a heap of `heap_bytes`. */
void pool_init(Pool *pool, size_t bytes, size_t heap_bytes);

/* Lets the pool use its first `bytes` bytes; those added are all 0. */
void pool_open(Pool *pool, size_t bytes);

static inline void *pool_piece(Pool *pool, Pos piece)
{
    return (char *)pool + (size_t)piece * PIECE_BYTES;
}

static inline Pos pool_number(const Pool *pool, const void *piece)
{
    return (Pos)((size_t)((const char *)piece - (const char *)pool) / PIECE_BYTES);
}

/* Takes a stack for `capacity` positions, a floor and a ceiling. Returns NULL if the pool is used
 * up. */
Pos *pool_take_stack(Pool *pool, size_t capacity);
void pool_give_stack(Pool *pool, Pos *stack, size_t capacity);

/* Takes memory for one more cache, aligned to two pieces, and sets its owner's number. Returns NULL
 * if there can be none. */
void *pool_take_cache(Pool *pool, size_t bytes, unsigned *owner);

/* Returns the cache of an owner. */
static inline Cache *pool_cache(Pool *pool, unsigned owner)
{
    return pool_piece(pool, pool->caches[owner]);
}

#endif
