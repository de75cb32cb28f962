/* SPDX-License-Identifier: MIT
 *
 * Caches, their spans, inboxes and pool alone, in one thread, above granules that nobody else has. After each call
 * everything is checked: each piece of the pool is in one place, and each block of each span is the program's, or is
 * found, by one stack or by the list of loose spans. */
#ifndef MEM_TESTS_CACHE_BENCH_H
#define MEM_TESTS_CACHE_BENCH_H

#include "cache/cache.h"
#include "support.h"

enum { BENCH_GRANULES = 256, BENCH_CACHES = 3, BENCH_HELD = 4000, BENCH_PIECES = 1 << 14 };

typedef struct Bench {
    Pool *pool;
    Cache *caches[BENCH_CACHES];
    Granules granules;
    bool has[BENCH_GRANULES
             << GRANULE_SHIFT]; /* of each position: the program has the block there */
    Pos held[BENCH_HELD];       /* the blocks that the program has … */
    size_t count;               /* … so many */
    /* For the check: what was found so far. */
    unsigned char on_stacks[BENCH_GRANULES << GRANULE_SHIFT];
    bool pieces[BENCH_PIECES];
    bool listed[BENCH_GRANULES], posted[BENCH_GRANULES];
} Bench;

extern Bench bench;

/* Begins anew, with so many caches, and pieces in the pool beside those of the caches. */
void bench_open(size_t caches, size_t pieces);

/* Frees all: then every span can be let go of, and nothing is left. */
void bench_close(void);

/* One more cache; NULL: there can be none. */
Cache *bench_create(void);

void bench_check(void);

/* Takes a block of a class, as a region does; 0: there is none. It is not held. */
Pos bench_take(Cache *cache, size_t size_class);

/* Frees a block of whichever cache, from one. */
CacheFreed bench_free(Cache *own, size_t block);

/* Frees a block that is not held, and then once more, which is refused; so is a pointer into it. */
void bench_give(Cache *own, Pos block);

/* Takes blocks, up to so many, and holds them. Returns how many. */
size_t bench_take_many(Cache *cache, size_t size_class, size_t count);

/* Frees so many of those that are held, the last ones first. */
void bench_give_many(Cache *own, size_t count);

/* Lets go of empty spans of a class, among so many that are loose. */
size_t bench_drop(Cache *cache, size_t size_class, size_t looks);

#endif
