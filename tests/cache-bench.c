/* SPDX-License-Identifier: MIT */
#include "cache-bench.h"

#include <stdlib.h>
#include <string.h>

enum { COOL_LOOKS = 4, DROPS = 16, HEAP_BYTES = BENCH_GRANULES * GRANULE_UNITS * UNIT_BYTES };

Bench bench;

static void *take_memory(size_t bytes)
{
    void *memory = aligned_alloc(128, (bytes + 127) & ~(size_t)127);

    ck_assert_ptr_nonnull(memory);
    memset(memory, 0, bytes);
    return memory;
}

/* Returns a cache, made as the region makes it; NULL: there can be no more. */
Cache *bench_create(void)
{
    unsigned owner = 0;
    Cache *cache = pool_take_cache(bench.pool, sizeof *cache, &owner);

    if (cache != NULL) {
        *cache = cache_none;
        cache->granules = bench.granules;
        cache->pool = bench.pool;
        cache->end = granule_start(BENCH_GRANULES);
        cache->tag = owner << OWNER_SHIFT;
    }
    return cache;
}

static void free_memory(void)
{
    free(bench.pool);
    free(bench.granules.live);
    free(bench.granules.remote);
    free(bench.granules.tags);
    free(bench.granules.offsets);
    free(bench.granules.listed);
    free(bench.granules.posted);
}

/* pieces: in addition to those of the pool itself and of the caches. */
void bench_open(size_t caches, size_t pieces)
{
    size_t bytes = (sizeof(Pool) / PIECE_BYTES + 1 + pieces) * PIECE_BYTES + caches * sizeof(Cache);

    free_memory();
    memset(&bench, 0, sizeof bench);
    bench.pool = take_memory(bytes);
    pool_init(bench.pool, bytes, HEAP_BYTES);
    ck_assert_uint_le(bench.pool->end, BENCH_PIECES);
    bench.granules = (Granules){take_memory(BENCH_GRANULES * GRANULE_UNITS / 8),
                                take_memory(BENCH_GRANULES * GRANULE_UNITS / 8),
                                take_memory(BENCH_GRANULES * sizeof(uint16_t)),
                                take_memory(BENCH_GRANULES * sizeof(uint16_t)),
                                take_memory(BENCH_GRANULES * sizeof(Pos)),
                                take_memory(BENCH_GRANULES * sizeof(Pos)),
                                bench.pool->lengths};
    for (size_t i = 0; i < caches; i++) {
        bench.caches[i] = bench_create();
        ck_assert_ptr_nonnull(bench.caches[i]);
    }
}

/* ------------------------------------------------------------------------------------------------
 * The check
 * --------------------------------------------------------------------------------------------- */

static void see_pieces(Pos piece, size_t bytes)
{
    for (size_t i = 0; i < (bytes + PIECE_BYTES - 1) / PIECE_BYTES; i++) {
        if (piece + i >= bench.pool->fresh || bench.pieces[piece + i]) {
            ck_abort_msg("piece %u is in two places, or in none that was ever used",
                         (unsigned)piece);
        }
        bench.pieces[piece + i] = true;
    }
}

static void see_stack(Cache *cache, size_t size_class)
{
    const CacheClass *class = &cache->classes[size_class];
    SpanShape shape = span_shape(&bench.granules, size_class);
    const Pos *stack = cache_floor(cache, size_class);
    size_t count = cache_count(cache, size_class);
    size_t pieces = 1;

    if (class->stack == 0) {
        ck_assert(cache->tops[size_class] == cache_no_stack);
        return;
    }
    while (pieces * PIECE_BYTES < (class->capacity + (size_t)2) * sizeof(Pos)) {
        pieces *= 2;
    }
    see_pieces(class->stack, pieces * PIECE_BYTES);
    if (stack[0] != 0 || stack[class->capacity + 1] != STACK_CEILING || count > class->capacity) {
        ck_abort_msg("the stack of class %zu has no ends", size_class);
    }
    for (size_t i = 1; i <= class->capacity; i++) {
        if (stack[i] == STACK_CEILING) {
            ck_abort_msg("the stack of class %zu seems to be full at %zu", size_class, i);
        }
    }
    for (size_t i = 1; i <= count; i++) {
        size_t span = granule_first(&bench.granules, stack[i]);

        if (granule_tag(bench.granules.tags, stack[i]) != (cache->tag | size_class) ||
            (stack[i] - granule_start(span)) % shape.units != 0 ||
            bench.on_stacks[stack[i]]++ != 0) {
            ck_abort_msg("position %u should not be on the stack of class %zu", (unsigned)stack[i],
                         size_class);
        }
    }
}

/* Notes the spans of a list: each once, and each with the tag, if there is one. */
static void see_list(Pos span, const Pos *links, unsigned tag, bool *are_there)
{
    Pos first = span;

    for (; span != 0 && span != GRANULE_LAST; span = links[span] == first ? 0 : links[span]) {
        unsigned own = bench.granules.tags[span];

        if (span >= BENCH_GRANULES || are_there[span] || bench.granules.offsets[span] != 0 ||
            (tag_class(tag) == 0 ? tag_owner(own) != tag_owner(tag) : own != tag)) {
            ck_abort_msg("span %u is in a list where it should not be", (unsigned)span);
        }
        are_there[span] = true;
    }
}

static void see_cache(Cache *cache)
{
    char message[100];

    see_pieces(pool_number(bench.pool, cache), sizeof *cache);
    ck_assert_uint_eq((uintptr_t)cache % 128, 0);
    for (size_t size_class = 1; size_class <= SIZES; size_class++) {
        see_stack(cache, size_class);
        see_list(cache->classes[size_class].loose, bench.granules.listed,
                 cache->tag | (unsigned)size_class, bench.listed);
    }
    see_list(cache->inbox.first, bench.granules.posted, cache->tag, bench.posted);
    if (!cache_check(cache, BENCH_GRANULES, message, sizeof message)) {
        ck_abort_msg("%s", message);
    }
}

/* Verifies what the tables say of a block, or of a position where none begins. */
static void see_block(size_t block, size_t span, bool begins)
{
    bool live = live_test(bench.granules.live, block);
    bool freed = granule_is_freed(&bench.granules, block);

    if ((live && !freed) != bench.has[block] || (freed && (!live || !bench.posted[span]))) {
        ck_abort_msg("position %zu: the program has it %d, live %d, remote %d", block,
                     bench.has[block], live, freed);
    }
    if (begins && !live && bench.on_stacks[block] == 0 && !bench.listed[span]) {
        ck_abort_msg("block %zu cannot be found", block);
    }
    if (live && bench.on_stacks[block] != 0) {
        ck_abort_msg("block %zu is on a stack", block);
    }
}

static void see_granules(void)
{
    for (size_t at = 0, length; at < BENCH_GRANULES; at += length) {
        unsigned tag = bench.granules.tags[at];
        SpanShape shape = {1, 0, 1};

        if (tag != 0) {
            shape = span_shape(&bench.granules, tag_class(tag));
        }
        length = shape.granules;
        for (size_t i = 0; i < length; i++) {
            ck_assert_uint_eq(bench.granules.tags[at + i], tag);
            ck_assert((bench.granules.listed[at + i] != 0) == bench.listed[at + i]);
            ck_assert((bench.granules.posted[at + i] != 0) == bench.posted[at + i]);
        }
        for (size_t block = granule_start(at); block < granule_start(at + length); block++) {
            size_t offset = block - granule_start(at);

            see_block(block, at, offset % shape.units == 0 && offset / shape.units < shape.blocks);
        }
    }
}

void bench_check(void)
{
    const Pool *pool = bench.pool;
    Pos skipped = 0;

    memset(bench.pieces, 0, sizeof bench.pieces);
    memset(bench.on_stacks, 0, sizeof bench.on_stacks);
    memset(bench.listed, 0, sizeof bench.listed);
    memset(bench.posted, 0, sizeof bench.posted);
    see_pieces(0, sizeof(Pool));
    for (size_t size = 0; size < POOL_STACK_SIZES; size++) {
        for (Pos piece = pool->stacks[size]; piece != 0;
             piece = *(Pos *)pool_piece(bench.pool, piece)) {
            see_pieces(piece, (size_t)PIECE_BYTES << size);
        }
    }
    for (unsigned owner = 1; owner <= pool->owners; owner++) {
        see_cache(pool_cache(bench.pool, owner));
    }
    see_granules();
    for (Pos piece = 0; piece < pool->fresh; piece++) {
        skipped += !bench.pieces[piece];
    }
    ck_assert_uint_le(pool->fresh, pool->end);
    ck_assert_uint_le(skipped, pool->owners); /* alignment of caches */
}

/* ------------------------------------------------------------------------------------------------
 * What a region does
 * --------------------------------------------------------------------------------------------- */

static bool are_free(size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bench.granules.tags[first + i] != 0) {
            return false;
        }
    }
    return true;
}

/* Gives a cache one more span. Returns false if there is no room. Granule 0 never belongs to a
 * span. */
static bool add_span(Cache *cache, size_t size_class)
{
    SpanShape shape = span_shape(&bench.granules, size_class);

    for (size_t at = 1; at + shape.granules <= BENCH_GRANULES; at++) {
        if (are_free(at, shape.granules)) {
            span_set_tags(&bench.granules, at, shape, cache->tag | (unsigned)size_class);
            cache_loosen(cache, size_class, at);
            return true;
        }
    }
    return false;
}

size_t bench_drop(Cache *cache, size_t size_class, size_t looks)
{
    Pos spans[DROPS];
    size_t count = cache_drop_empty(cache, size_class, looks, spans, DROPS);

    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(bench.granules.tags[spans[i]], 0);
    }
    return count;
}

Pos bench_take(Cache *cache, size_t size_class)
{
    size_t block = cache_pop(cache, size_class);

    if (block == 0 && cache_refill(cache, size_class)) {
        block = cache_pop(cache, size_class);
    }
    if (block == 0 && cache_is_busy(cache, size_class) && cache_need_stack(cache, size_class)) {
        bench_drop(cache, cache_cool(cache), COOL_LOOKS);
        if (add_span(cache, size_class) && cache_refill(cache, size_class)) {
            block = cache_pop(cache, size_class);
        }
    }
    if (block != 0) {
        ck_assert(!bench.has[block]);
        bench.has[block] = true;
    }
    return (Pos)block;
}

CacheFreed bench_free(Cache *own, size_t block)
{
    unsigned tag = granule_tag(bench.granules.tags, block);
    Cache *owner = tag == 0 ? NULL : pool_cache(bench.pool, tag_owner(tag));
    CacheFreed freed = cache_push(own, own, block);

    if (owner == NULL) {
        return freed;
    }
    if (owner == own) {
        return freed == CACHE_LONGER ? cache_free(own, block) : freed;
    }
    ck_assert_int_eq((int)freed, (int)CACHE_ELSEWHERE);
    freed = inbox_free(&owner->inbox, tag_owner(owner->tag), &bench.granules, block);
    if (freed == CACHE_LONGER) {
        owner->inbox.watched = true;
        freed = inbox_free(&owner->inbox, tag_owner(owner->tag), &bench.granules, block);
    }
    return freed;
}

/* Frees a block, and once more, which is refused; so are pointers beside it. */
void bench_give(Cache *own, Pos block)
{
    size_t units = sizes_units(tag_class(granule_tag(bench.granules.tags, block)));

    ck_assert(units == 1 || bench_free(own, block + units / 2) == CACHE_TWICE);
    ck_assert_int_eq((int)bench_free(own, block), (int)CACHE_FREED);
    ck_assert_int_eq((int)bench_free(own, block), (int)CACHE_TWICE);
    bench.has[block] = false;
    if (own->was_full) {
        own->was_full = false;
        bench_drop(own, tag_class(granule_tag(bench.granules.tags, block)), DROPS);
    }
}

/* Takes up to `count` blocks. Returns how many. */
size_t bench_take_many(Cache *cache, size_t size_class, size_t count)
{
    size_t taken = 0;

    for (size_t tries = 0; taken < count && tries < count + 20 && bench.count < BENCH_HELD;
         tries++) {
        Pos block = bench_take(cache, size_class);

        if (block != 0) {
            bench.held[bench.count++] = block;
            taken++;
        }
    }
    bench_check();
    return taken;
}

void bench_give_many(Cache *cache, size_t count)
{
    for (; count != 0 && bench.count != 0; count--) {
        bench_give(cache, bench.held[--bench.count]);
    }
    bench_check();
}

/* Frees everything. Then every span can leave, and nothing is left. */
void bench_close(void)
{
    bench_give_many(bench.caches[0], bench.count);
    for (unsigned owner = 1; owner <= bench.pool->owners; owner++) {
        Cache *cache = pool_cache(bench.pool, owner);

        cache_collect(cache, BENCH_GRANULES);
        for (size_t i = 0; i < 4 * SIZES;
             i++) { /* seen, and not used since; other classes are dropped in between */
            size_t size_class = cache_cool(cache);

            while (bench_drop(cache, size_class, BENCH_GRANULES) != 0) {
                continue;
            }
        }
    }
    bench_check();
    ck_assert(are_free(0, BENCH_GRANULES));
}
