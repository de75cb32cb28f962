/* SPDX-License-Identifier: MIT
 *
 * Caches with their spans, inboxes and pool, isolated, in one thread, above granules that nothing
 * else uses. After each call everything is checked: each piece of the pool is in one place, and
 * each block of each span is live, or is reachable by one stack or by the list of loose spans. */
#ifndef MEM_TESTS_CACHE_BENCH_H
#define MEM_TESTS_CACHE_BENCH_H

#include "cache/cache.h"
#include "support.h"

enum { BENCH_GRANULES = 256, BENCH_CACHES = 3, BENCH_HELD = 4000, BENCH_PIECES = 1 << 14 };

typedef struct Bench {
    Pool *pool;
    Cache *caches[BENCH_CACHES];
    Granules granules;
    bool has[BENCH_GRANULES << GRANULE_SHIFT]; /* by position: the program has the block there */
    Pos held[BENCH_HELD];                      /* the blocks that the program has … */
    size_t count;                              /* … and how many */
    /* What the check has found so far. */
    unsigned char on_stacks[BENCH_GRANULES << GRANULE_SHIFT];
    bool pieces[BENCH_PIECES];
    bool listed[BENCH_GRANULES], posted[BENCH_GRANULES];
} Bench;

extern Bench bench;

/* Starts again with `caches` caches, and `pieces` pieces in the pool in addition to theirs. */
void bench_open(size_t caches, size_t pieces);

/* Frees everything. Then every span can leave, and nothing is left. */
void bench_close(void);

/* Makes one more cache; NULL: there can be none. */
Cache *bench_create(void);

void bench_check(void);

/* Takes a block of a class, as a region does; 0: there is none. The block is not recorded as
 * held. */
Pos bench_take(Cache *cache, size_t size_class);

/* Frees a block of any cache, from cache `own`. */
CacheFreed bench_free(Cache *own, size_t block);

/* Frees a block that is not held, and once more, which is refused; so is a pointer into it. */
void bench_give(Cache *own, Pos block);

/* Takes up to `count` blocks, and holds them. Returns how many. */
size_t bench_take_many(Cache *cache, size_t size_class, size_t count);

/* Frees `count` of the held blocks, the last ones first. */
void bench_give_many(Cache *own, size_t count);

/* Drops empty spans of a class, looking at `looks` loose ones. */
size_t bench_drop(Cache *cache, size_t size_class, size_t looks);

#endif
