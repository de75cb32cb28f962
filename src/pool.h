/* SPDX-License-Identifier: MIT
 *
 * Magazines: stacks of blocks that were freed and wait to be allocated again, all of one size. They
 * lie in a pool of their own in the bookkeeping, out of the program's reach. Full ones that no thread
 * needs are in a depot, from which any thread may take them, as in: J. Bonwick, J. Adams, "Magazines
 * and Vmem", USENIX 2001.
 *
 * The pool is an array of pieces of 256 bytes, named by their numbers. The first few are the Pool
 * structure. A magazine is one piece; a cache (see cache.h) takes several that follow each other.
 * Pieces never used yet are never touched. */
#ifndef MEM_SRC_POOL_H
#define MEM_SRC_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "map.h"
#include "spin.h"

enum {
    PIECE_BYTES = 256,
    CACHED_MAX = 128, /* units of the largest blocks that magazines are for */
    ROUNDS_MAX = 60   /* blocks in a magazine */
};

/* A block in a magazine is a round. Below the first one there is a 0, which no block's position is,
 * and above the last there is MAGAZINE_CEILING: so whether a magazine is empty, or full, is seen from
 * what is read from it anyway. */
#define MAGAZINE_CEILING UINT32_MAX

typedef struct Magazine {
    Pos floor;
    Pos rounds[ROUNDS_MAX + 1]; /* the ceiling included */
    Pos next;                   /* piece of the next one, where they are in a list; 0: none */
    Pos unused;
} __attribute__((__may_alias__)) Magazine;

/* Full magazines with blocks of one size. */
typedef struct Depot {
    Spin lock;
    Pos first;
    unsigned count;
    unsigned least; /* least count since it was last looked at: so many nobody missed */
} Depot;

typedef struct Pool {
    Spin lock;
    Pos fresh, end; /* pieces from here on were never used; there are so many */
    Pos magazines;  /* free pieces */
    Pos caches;     /* free caches */
    Pos orphans;    /* caches of threads that a fork() left behind */
    size_t most;    /* bytes of the blocks in one magazine */
    Depot depots[CACHED_MAX + 1];
} Pool;

/* Bytes of a pool for a heap of so many bytes; 0: such a heap gets none. Of a mapping a sixty-fourth,
 * which is not there before it is used; of the caller's memory a 256th. */
size_t pool_bytes_mapped(size_t heap_bytes);
size_t pool_bytes_inside(size_t heap_bytes);

/* Makes a pool of so many bytes, which are all 0, for a heap of so many. */
void pool_init(Pool *pool, size_t bytes, size_t heap_bytes);

/* A number that no program is likely to write to its blocks by accident. */
size_t pool_make_key(const Pool *pool);

/* How many rounds a magazine has for blocks of so many units, and how many full ones a depot. */
unsigned pool_rounds(const Pool *pool, size_t units);
unsigned pool_depot_most(const Pool *pool, size_t units);

static inline void *pool_piece(Pool *pool, Pos piece)
{
    return (char *)pool + (size_t)piece * PIECE_BYTES;
}

static inline Pos pool_number(const Pool *pool, const void *piece)
{
    return (Pos)((size_t)((const char *)piece - (const char *)pool) / PIECE_BYTES);
}

/* Takes an empty magazine for blocks of so many units. NULL: there is none. */
Magazine *pool_take_magazine(Pool *pool, size_t units);

void pool_give_magazine(Pool *pool, Magazine *magazine);

/* Takes memory for a cache of so many bytes, which need not be 0. NULL: there is none. */
void *pool_take_cache(Pool *pool, size_t bytes);

void pool_give_cache(Pool *pool, void *cache);

/* Takes a full magazine. NULL: there is none. */
Magazine *depot_take(Pool *pool, size_t units);

/* Puts one in. False: there is no room. */
bool depot_give(Pool *pool, size_t units, Magazine *magazine);

/* Takes one of those that nobody missed since depot_cool was called the last time. */
Magazine *depot_take_cold(Pool *pool, size_t units);

void depot_cool(Pool *pool, size_t units);

#endif
