/* SPDX-License-Identifier: MIT
 *
 * Blocks that were freed and wait to be allocated again, all of one size: in magazines, as in J. Bonwick,
 * J. Adams, "Magazines and Vmem", USENIX 2001. They lie in a pool of their own in the bookkeeping, out of
 * the program's reach. A thread has a stack that two magazines fill, and fills one from the half that was
 * not used for longest, or empties one into it; so it takes at least a magazine's worth of calls until the
 * next exchange, whatever their order. Magazines that no thread needs are in a depot, from which any may
 * take them.
 *
 * The pool is an array of pieces of 128 bytes, named by their numbers. The first few are the Pool
 * structure. A magazine is one piece, a stack two; a cache (see cache.h) takes several that follow each
 * other. Pieces never used yet are never touched. */
#ifndef MEM_SRC_POOL_H
#define MEM_SRC_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"
#include "sizes.h"
#include "spin.h"

enum {
    PIECE_BYTES = 128,
    ROUNDS_MAX = 30 /* blocks in a magazine */
};

/* A block in a magazine is a round. All magazines that are not about to be filled are full. */
typedef struct Magazine {
    Pos rounds[ROUNDS_MAX];
    Pos next; /* piece of the next one, where they are in a list; 0: none */
    Pos unused;
} __attribute__((__may_alias__)) Magazine;

/* Below the first round of a stack there is a 0, which no block's position is, and above the last there is
 * STACK_CEILING: so whether it is empty, or full, is seen from what is read from it anyway. */
#define STACK_CEILING UINT32_MAX

typedef struct Stack {
    Pos floor;
    Pos rounds[2 * ROUNDS_MAX + 1]; /* the ceiling included */
    Pos unused[2];
} __attribute__((__may_alias__)) Stack;

/* Full magazines with blocks of one size. */
typedef struct Depot {
    Spin lock;
    Pos first;
    unsigned count;
    unsigned least; /* least count since it was last looked at: so many nobody missed */
} Depot;

/* Rounds that were taken from magazines, and so many of them by Calloc; and calls of Realloc that had
 * nothing to do. */
typedef struct CacheCounts {
    uint64_t pops, callocs, reallocs;
} CacheCounts;

static inline void pool_add_counts(CacheCounts *counts, CacheCounts more)
{
    counts->pops += more.pops;
    counts->callocs += more.callocs;
    counts->reallocs += more.reallocs;
}

typedef struct Pool {
    Spin lock;
    Pos fresh, end; /* pieces from here on were never used; there are so many by now */
    Pos magazines;  /* free ones: also of the next two */
    Pos stacks;
    Pos caches;
    Pos orphans; /* caches without an owner: of threads that ended, or that a fork() left behind */
    Pos orphan_count;
    Pos cache_count;                 /* these included */
    bool adopted;                    /* one of them was taken, since it was last looked */
    CacheCounts counts;              /* of caches that are gone */
    unsigned char rounds[SIZES + 1]; /* in a magazine of blocks of a size */
    Pos most_spare; /* units of the blocks in full ones that a thread keeps to itself */
    Pos largest;    /* units of the largest blocks that there are magazines for */
    Depot depots[SIZES + 1];
} Pool;

/* Bytes of a pool for a heap of so many bytes; 0: such a heap gets none. Of a mapping a sixty-fourth,
 * which is not there before it is used; of the caller's memory a 256th. */
size_t pool_bytes_mapped(size_t heap_bytes);
size_t pool_bytes_inside(size_t heap_bytes);

/* Makes a pool of so many bytes, which are all 0, for a heap of so many. */
void pool_init(Pool *pool, size_t bytes, size_t heap_bytes);

/* From now on so many bytes may be used, which are all 0. */
void pool_open(Pool *pool, size_t bytes);

/* Makes a number that no program is likely to write to its blocks by accident. Whoever reads a freed block
 * sees it: so it is none of the secrets that the C library has. errno stays as it is. */
size_t pool_make_key(const Pool *pool);

/* How many rounds a magazine has for blocks of a size: here and below this is a number as in sizes.h. */
static inline unsigned pool_rounds(const Pool *pool, size_t number)
{
    return pool->rounds[number];
}

/* How many of these a depot has room for. */
unsigned pool_depot_most(const Pool *pool, size_t number);

static inline void *pool_piece(Pool *pool, Pos piece)
{
    return (char *)pool + (size_t)piece * PIECE_BYTES;
}

static inline Pos pool_number(const Pool *pool, const void *piece)
{
    return (Pos)((size_t)((const char *)piece - (const char *)pool) / PIECE_BYTES);
}

/* Takes a magazine to be filled. NULL: there is none. */
Magazine *pool_take_magazine(Pool *pool);

void pool_give_magazine(Pool *pool, Magazine *magazine);

/* Takes an empty stack for blocks of a size. NULL: there is none. */
Stack *pool_take_stack(Pool *pool, size_t number);

void pool_give_stack(Pool *pool, Stack *stack);

/* Takes memory for a cache of so many bytes, which need not be 0. NULL: there is none. */
void *pool_take_cache(Pool *pool, size_t bytes);

void pool_give_cache(Pool *pool, void *cache);

/* Takes a full magazine. NULL: there is none. */
Magazine *depot_take(Pool *pool, size_t number);

/* Puts one in. False: there is no room. */
bool depot_give(Pool *pool, size_t number, Magazine *magazine);

/* Takes one of those that nobody missed since depot_cool was called the last time. */
Magazine *depot_take_cold(Pool *pool, size_t number);

void depot_cool(Pool *pool, size_t number);

#endif
