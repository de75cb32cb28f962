/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <string.h>
#include <time.h>

#include "heap.h"
#include "kernel.h"

enum { GRND_NONBLOCK = 1 }; /* of linux/random.h, which not every system has */

_Static_assert(sizeof(Magazine) == PIECE_BYTES, "a magazine is a piece");
_Static_assert(sizeof(Stack) == 2 * PIECE_BYTES, "a stack is two pieces");

enum {
    HEAP_BYTES_MIN = 1 << 17,
    POOL_BYTES_MIN_MAPPED = 1 << 16,
    POOL_BYTES_MIN_INSIDE = 1 << 14,
    HEAP_TO_POOL_MAPPED = 64,
    HEAP_TO_POOL_INSIDE = 256,
    HEAP_TO_MAGAZINE = 32768, /* bytes of blocks in a magazine are this part of the heap's … */
    MAGAZINE_BYTES_MAX = 1 << 13, /* … at most */
    ROUNDS_MIN = 2,               /* of small blocks */
    HEAP_TO_LARGEST = 4096,       /* and of the largest blocks that go there */
    HEAP_TO_SPARE = 256,          /* of those in full magazines that a thread keeps, likewise … */
    SPARE_BYTES_MAX = 1 << 22,    /* … at most */
    MAGAZINE_RESERVE = 4,         /* magazines leave this part of the pool to others */
    DEPOT_BYTES = 1 << 18,        /* of blocks of one size in the depot, or this many magazines */
    DEPOT_MAGAZINES = 16
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

/* Mixes a number into a key, so that each bit of it may change any of the key. */
static size_t mix(size_t key, size_t number)
{
    uint64_t mixed = (key ^ number) * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(mixed ^ mixed >> 32);
}

/* Where the kernel gives nothing: what differs from process to process, and from time to time. */
static size_t guess_key(const Pool *pool)
{
    KernelWord now[2] = {0};
    size_t key = mix((size_t)(uintptr_t)pool, (size_t)(uintptr_t)now);

#ifdef SYS_clock_gettime
    kernel_call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)(uintptr_t)now, 0, 0, 0, 0);
#endif
    return mix(mix(key, (size_t)now[0]), (size_t)now[1]);
}

size_t pool_make_key(const Pool *pool)
{
    size_t key = 0;

#ifdef SYS_getrandom
    if (kernel_call(SYS_getrandom, (long)(uintptr_t)&key, sizeof key, GRND_NONBLOCK, 0, 0, 0) !=
        (long)sizeof key) {
        key = guess_key(pool);
    }
#else
    key = guess_key(pool);
#endif
    return key | 1;
}

void pool_init(Pool *pool, size_t bytes, size_t heap_bytes)
{
    size_t most = bits_between(0, heap_bytes / HEAP_TO_MAGAZINE, MAGAZINE_BYTES_MAX);

    pool->fresh = (sizeof(Pool) + PIECE_BYTES - 1) / PIECE_BYTES;
    pool->end = (Pos)(bytes / PIECE_BYTES);
    pool->most_spare = (Pos)(bits_between(0, heap_bytes / HEAP_TO_SPARE, SPARE_BYTES_MAX) /
                             UNIT_BYTES);
    pool->largest = (Pos)sizes_down(
        bits_between(SIZES_SMALL, heap_bytes / HEAP_TO_LARGEST / UNIT_BYTES, SIZES_LARGEST));
    for (size_t number = 1; number <= SIZES; number++) {
        size_t rounds = bits_between(sizes_is_small(number) ? ROUNDS_MIN : 1,
                                     most / (sizes_units(number) * UNIT_BYTES), ROUNDS_MAX);

        pool->rounds[number] = (unsigned char)rounds;
    }
}

void pool_open(Pool *pool, size_t bytes)
{
    spin_take(&pool->lock);
    __atomic_store_n(&pool->end, (Pos)(bytes / PIECE_BYTES), __ATOMIC_RELAXED);
    spin_release(&pool->lock);
}

unsigned pool_depot_most(const Pool *pool, size_t number)
{
    size_t most = DEPOT_BYTES / (sizes_units(number) * UNIT_BYTES * pool_rounds(pool, number));

    return most < DEPOT_MAGAZINES ? DEPOT_MAGAZINES : (unsigned)most;
}

/* Takes a piece of a list of free ones, which name the next in their first word. */
static void *take_listed(Pool *pool, Pos *list)
{
    Pos *piece;

    if (*list == 0) {
        return NULL;
    }
    piece = pool_piece(pool, *list);
    *list = *piece;
    return piece;
}

static void give_listed(Pool *pool, Pos *list, void *piece)
{
    spin_take(&pool->lock);
    *(Pos *)piece = *list;
    *list = pool_number(pool, piece);
    spin_release(&pool->lock);
}

/* Takes a piece of the list, or ones never used if more than a reserve of these is left. */
static void *take_pieces(Pool *pool, Pos *list, size_t bytes, Pos reserve)
{
    Pos pieces = (Pos)((bytes + PIECE_BYTES - 1) / PIECE_BYTES);
    void *taken;

    spin_take(&pool->lock);
    taken = take_listed(pool, list);
    if (taken == NULL && pool->end - pool->fresh >= pieces + reserve) {
        taken = pool_piece(pool, pool->fresh);
        pool->fresh += pieces;
    }
    spin_release(&pool->lock);
    return taken;
}

/* What was a magazine never becomes part of anything else, so some pieces are left for stacks and caches,
 * without which a size, or a thread, would use none. */
Magazine *pool_take_magazine(Pool *pool)
{
    return take_pieces(pool, &pool->magazines, sizeof(Magazine),
                       __atomic_load_n(&pool->end, __ATOMIC_RELAXED) / MAGAZINE_RESERVE);
}

void pool_give_magazine(Pool *pool, Magazine *magazine)
{
    give_listed(pool, &pool->magazines, magazine);
}

Stack *pool_take_stack(Pool *pool, size_t number)
{
    Stack *stack = take_pieces(pool, &pool->stacks, sizeof(Stack), 0);

    if (stack != NULL) {
        /* There may be the ceiling of another size in it. */
        memset(stack, 0, sizeof *stack);
        stack->rounds[2 * pool_rounds(pool, number)] = STACK_CEILING;
    }
    return stack;
}

void pool_give_stack(Pool *pool, Stack *stack)
{
    give_listed(pool, &pool->stacks, stack);
}

void *pool_take_cache(Pool *pool, size_t bytes)
{
    return take_pieces(pool, &pool->caches, bytes, 0);
}

void pool_give_cache(Pool *pool, void *cache)
{
    give_listed(pool, &pool->caches, cache);
}

static Magazine *take_first(Pool *pool, Depot *depot)
{
    Magazine *magazine = pool_piece(pool, depot->first);

    __atomic_store_n(&depot->first, magazine->next, __ATOMIC_RELAXED);
    depot->count--;
    if (depot->count < depot->least) {
        depot->least = depot->count;
    }
    return magazine;
}

Magazine *depot_take(Pool *pool, size_t number)
{
    Depot *depot = &pool->depots[number];
    Magazine *magazine = NULL;

    if (__atomic_load_n(&depot->first, __ATOMIC_RELAXED) == 0) {
        return NULL;
    }
    spin_take(&depot->lock);
    /* Whether another was faster depends on the moment. */
    if (depot->first != 0) { /* GCOVR_EXCL_BR_LINE */
        magazine = take_first(pool, depot);
    }
    spin_release(&depot->lock);
    return magazine;
}

bool depot_give(Pool *pool, size_t number, Magazine *magazine)
{
    Depot *depot = &pool->depots[number];
    bool has_room;

    spin_take(&depot->lock);
    has_room = depot->count < pool_depot_most(pool, number);
    if (has_room) {
        magazine->next = depot->first;
        __atomic_store_n(&depot->first, pool_number(pool, magazine), __ATOMIC_RELAXED);
        depot->count++;
    }
    spin_release(&depot->lock);
    return has_room;
}

Magazine *depot_take_cold(Pool *pool, size_t number)
{
    Depot *depot = &pool->depots[number];
    Magazine *magazine = NULL;

    spin_take(&depot->lock);
    if (depot->least != 0) {
        unsigned least = depot->least - 1;

        magazine = take_first(pool, depot);
        depot->least = least;
    }
    spin_release(&depot->lock);
    return magazine;
}

void depot_cool(Pool *pool, size_t number)
{
    Depot *depot = &pool->depots[number];

    spin_take(&depot->lock);
    depot->least = depot->count;
    spin_release(&depot->lock);
}
