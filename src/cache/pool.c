/* SPDX-License-Identifier: MIT */
#include "cache/pool.h"

#include <string.h>

enum {
    HEAP_BYTES_MIN = GRANULE_UNITS * UNIT_BYTES * 64,
    POOL_BYTES_MIN_MAPPED = 1 << 18,
    POOL_BYTES_MIN_INSIDE = 1 << 14,
    HEAP_TO_POOL_MAPPED = 64,
    HEAP_TO_POOL_INSIDE = 512,
    GRANULES_AN_OWNER = 16,   /* a heap has one cache for this many granules */
    HEAP_TO_LARGEST = 2048,   /* the largest block in spans is this part of the heap */
    HEAP_TO_STACK = 256,      /* the blocks on one stack are at most this part of the heap */
    STACK_BYTES_MAX = 1 << 18 /* and this many bytes */
};

static size_t whole_pieces(size_t bytes)
{
    return bytes & ~(size_t)(PIECE_BYTES - 1);
}

size_t pool_bytes_mapped(size_t heap_bytes)
{
    size_t bytes = heap_bytes / HEAP_TO_POOL_MAPPED;

    if (heap_bytes < HEAP_BYTES_MIN) {
        return 0;
    }
    return whole_pieces(bytes < POOL_BYTES_MIN_MAPPED ? POOL_BYTES_MIN_MAPPED : bytes);
}

size_t pool_bytes_inside(size_t heap_bytes)
{
    size_t bytes = heap_bytes / HEAP_TO_POOL_INSIDE;

    return bytes < POOL_BYTES_MIN_INSIDE ? 0 : whole_pieces(bytes);
}

void pool_init(Pool *pool, size_t bytes, size_t heap_bytes)
{
    size_t granules = heap_bytes / UNIT_BYTES / GRANULE_UNITS;

    pool->fresh = (sizeof(Pool) + PIECE_BYTES - 1) / PIECE_BYTES;
    pool->end = (Pos)(bytes / PIECE_BYTES);
    pool->stack_units = (Pos)(bits_between(0, heap_bytes / HEAP_TO_STACK, STACK_BYTES_MAX) /
                              UNIT_BYTES);
    pool->largest = (Pos)sizes_down(
        bits_between(SIZES_SMALL, heap_bytes / HEAP_TO_LARGEST / UNIT_BYTES, SIZES_LARGEST));
    pool->owners_most = (Pos)bits_between(1, granules / GRANULES_AN_OWNER, OWNERS_MAX);
}

void pool_open(Pool *pool, size_t bytes)
{
    spin_take(&pool->lock);
    pool->end = (Pos)(bytes / PIECE_BYTES);
    spin_release(&pool->lock);
}

/* Takes pieces that were never used; the number of the first is a multiple of `multiple`. Returns
 * NULL if there are none. */
static void *take_fresh(Pool *pool, size_t pieces, size_t multiple)
{
    size_t first = (pool->fresh + multiple - 1) & ~(multiple - 1);

    if (first + pieces > pool->end) {
        return NULL;
    }
    pool->fresh = (Pos)(first + pieces);
    return pool_piece(pool, (Pos)first);
}

/* Returns log2 of the pieces of a stack. */
static size_t stack_size(size_t capacity)
{
    size_t pieces = ((capacity + 2) * sizeof(Pos) + PIECE_BYTES - 1) / PIECE_BYTES;

    return pieces == 1 ? 0 : bits_highest(pieces - 1) + 1;
}

Pos *pool_take_stack(Pool *pool, size_t capacity)
{
    size_t size = stack_size(capacity);
    Pos *stack;

    spin_take(&pool->lock);
    if (pool->stacks[size] != 0) {
        stack = pool_piece(pool, pool->stacks[size]);
        pool->stacks[size] = *stack;
    } else {
        stack = take_fresh(pool, (size_t)1 << size, 1);
    }
    spin_release(&pool->lock);
    return stack;
}

void pool_give_stack(Pool *pool, Pos *stack, size_t capacity)
{
    size_t size = stack_size(capacity);

    spin_take(&pool->lock);
    *stack = pool->stacks[size];
    pool->stacks[size] = pool_number(pool, stack);
    spin_release(&pool->lock);
}

void *pool_take_cache(Pool *pool, size_t bytes, unsigned *owner)
{
    size_t pieces = bytes / PIECE_BYTES;
    void *cache = NULL;

    spin_take(&pool->lock);
    if (pool->owners < pool->owners_most) {
        cache = take_fresh(pool, pieces, 2);
    }
    if (cache != NULL) {
        *owner = ++pool->owners;
        pool->caches[*owner] = pool_number(pool, cache);
    }
    spin_release(&pool->lock);
    return cache;
}
