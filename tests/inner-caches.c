/* SPDX-License-Identifier: MIT
 *
 * Caches and their threads: there are as many as the granules of a region allow, and no more than a
 * tag can name; and settling is rare. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cached-bed.h"
#include "region/caches.h"

enum { MOST = 270, BLOCK = 48, HELD = 20 };

typedef struct Crowd {
    const Bed *bed;
    pthread_barrier_t barrier;
    size_t served; /* threads whose cache has served calls; atomic */
    bool failed;
} Crowd;

/* Allocates and frees, and keeps a few blocks until all others have come as far. */
static void *live_in_crowd(void *argument)
{
    Crowd *crowd = argument;
    Mem_Region *region = crowd->bed->region;
    char *blocks[HELD];
    Cache *cache;

    for (int i = 0; i < 100; i++) {
        Mem_RegionFree(region, Mem_RegionAlloc(region, BLOCK));
    }
    for (size_t i = 0; i < HELD; i++) {
        blocks[i] = Mem_RegionAlloc(region, BLOCK);
        if (blocks[i] == NULL) {
            __atomic_store_n(&crowd->failed, true, __ATOMIC_RELAXED);
        } else {
            pattern_fill(blocks[i], BLOCK);
        }
    }
    pthread_barrier_wait(&crowd->barrier);
    cache = thread_self->owned[region_slot(region_of(region))];
    __atomic_fetch_add(&crowd->served, cache != NULL && cache->pops >= HELD, __ATOMIC_RELAXED);
    pthread_barrier_wait(&crowd->barrier);
    for (size_t i = 0; i < HELD; i++) {
        if (!pattern_holds(blocks[i], BLOCK, (uintptr_t)blocks[i], BLOCK) ||
            Mem_RegionFree(region, blocks[i]) != 0 || Mem_RegionFree(region, blocks[i]) != -1) {
            __atomic_store_n(&crowd->failed, true, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

/* Runs `count` threads at a time; caches must serve `served` of them. */
static void verify_crowd(Bed bed, unsigned count, size_t served)
{
    static pthread_t threads[MOST];
    Crowd crowd = {.bed = &bed};
    pthread_attr_t attributes;
    Mem_Stats before, after;

    cached_warm_up(&bed, BLOCK); /* the test has a cache, too */
    before = bed_stats(&bed);
    ck_assert_int_eq(pthread_barrier_init(&crowd.barrier, NULL, count + 1), 0);
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 1 << 16), 0);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], &attributes, live_in_crowd, &crowd), 0);
    }
    pthread_barrier_wait(&crowd.barrier);
    after = bed_stats(&bed);
    ck_assert_uint_eq(after.blocks_in_use, before.blocks_in_use + (size_t)count * HELD);
    ck_assert_uint_eq(after.allocs, before.allocs + (uint64_t)count * (100 + HELD));
    ck_assert_uint_eq(after.frees, before.frees + (uint64_t)count * 100);
    checked_sound(&bed);
    pthread_barrier_wait(&crowd.barrier);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert(!crowd.failed);
    ck_assert_uint_eq(crowd.served, served);
    ck_assert_uint_eq(bed_stats(&bed).misuses, (size_t)count * HELD);
    checked_empty(&bed);
    bed_close(&bed);
}

/* A region of 1 MiB serves sixteen threads from caches. */
START_TEST(small_regions_have_caches)
{
    verify_crowd(cached_open(_i % 2, 1 << 20), 15, 15);
}
END_TEST

/* If there are more threads than caches, the others use the heap, and all is exact. */
START_TEST(owners_end)
{
    if (_i == 0) { /* a cache for each 16 granules, the test's among them */
        verify_crowd(cached_open(0, 1 << 18), 10, (1 << 18) / UNIT / GRANULE_UNITS / 16 - 1);
    } else {
        verify_crowd(cached_open(0, 1 << 27), MOST, OWNERS_MAX - 1);
    }
}
END_TEST

static void *live_alone(void *bed)
{
    cached_warm_up(bed, BLOCK);
    cached_warm_up(bed, 2 * BLOCK);
    return thread_self->owned[region_slot(region_of(((const Bed *)bed)->region))];
}

/* A new thread gets the cache of an ended one, with all its contents. */
START_TEST(caches_are_left_to_others)
{
    Bed bed = cached_open(_i, 1 << 20);
    void *first = NULL;

    for (int i = 0; i < 30; i++) {
        pthread_t thread;
        void *cache;

        ck_assert_int_eq(pthread_create(&thread, NULL, live_alone, &bed), 0);
        ck_assert_int_eq(pthread_join(thread, &cache), 0);
        ck_assert_ptr_nonnull(cache);
        ck_assert(i == 0 || cache == first);
        first = cache;
        ck_assert_uint_le(caches_totals(region_of(bed.region)).spans, 20);
        checked_sound(&bed);
    }
    ck_assert_uint_eq(region_pool(region_of(bed.region))->owners, 1);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Requests that cannot be met, again and again: the region settles once, and then serves a number
 * of calls for each span from the heap before caches take spans again. */
START_TEST(settlings_are_few)
{
    enum { HEAP = 1 << 20, COUNT = 2000, EVERY = 16, PAUSE = 128 };
    static char *blocks[COUNT];
    Bed bed = cached_open(_i, HEAP);
    Caches *caches = region_caches(region_of(bed.region));
    size_t operations = support_operations(20000);
    Random source = support_random("settlings_are_few", _i);
    size_t calls = 0;

    cached_warm_up(&bed, UNIT);
    ck_assert_uint_eq(caches->settlings, 0);
    for (size_t i = 0; i < operations; i++) {
        char **block = &blocks[random_below(&source, COUNT)];

        ck_assert_int_eq(Mem_RegionFree(bed.region, *block), 0);
        *block = Mem_RegionAlloc(bed.region, 16 + 16 * (i % 4));
        ck_assert_ptr_nonnull(*block);
        calls += 2;
        if (i % EVERY == EVERY - 1 && i > COUNT) {
            ck_assert_ptr_null(Mem_RegionAlloc(bed.region, bed.capacity));
            calls++;
        }
    }
    checked_sound(&bed);
    ck_assert_uint_ge(caches->settlings, 1);
    ck_assert_uint_le(caches->settlings, 2 + calls / PAUSE);
    ck_assert(cached_free_all(&bed, blocks, COUNT));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A size with few calls costs nothing: no span, no stack. */
START_TEST(few_calls_take_no_span)
{
    Bed bed = cached_open(_i, 1 << 22);
    Region *region = region_of(bed.region);
    Cache *cache;

    cached_warm_up(&bed, 1000);
    cache = thread_self->owned[region_slot(region)];
    ck_assert_ptr_nonnull(cache);
    for (size_t size = UNIT; size < 900; size += UNIT) {
        size_t before = caches_totals(region).spans;
        char *blocks[8];

        for (int i = 0; i < 8; i++) {
            blocks[i] = checked_alloc(&bed, size);
        }
        for (int i = 0; i < 8; i++) {
            checked_free(&bed, blocks[i]);
        }
        ck_assert_uint_eq(caches_totals(region).spans, before);
        ck_assert_uint_eq(cache->classes[sizes_class(size / UNIT)].stack, 0);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Fills a region, and returns the share of it that was in use when the last span was taken, in
 * hundredths. */
static size_t fill_with_spans(Bed bed)
{
    Region *region = region_of(bed.region);
    size_t last = 0;
    size_t spans = 0;

    cached_warm_up(&bed, BLOCK);
    while (bed_stats(&bed).bytes_free > bed.capacity / 8) {
        Mem_Stats stats = bed_stats(&bed);

        for (int i = 0; i < 20; i++) {
            ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, BLOCK));
        }
        if (caches_totals(region).spans > spans) {
            spans = caches_totals(region).spans;
            last = 100 - stats.bytes_free * 100 / bed.capacity;
        }
    }
    checked_sound(&bed);
    return last;
}

/* Spans are taken until a quarter of the region is free, or half, if no other thread has a cache. */
START_TEST(spans_leave_room)
{
    Bed bed = cached_open(0, 1 << 22);
    pthread_t thread;
    size_t filled;

    if (_i != 0) {
        void *cache;

        cached_warm_up(&bed, BLOCK);
        ck_assert_int_eq(pthread_create(&thread, NULL, live_alone, &bed), 0);
        ck_assert_int_eq(pthread_join(thread, &cache), 0);
        ck_assert_ptr_nonnull(cache);
    }
    filled = fill_with_spans(bed);
    ck_assert_uint_ge(filled, _i != 0 ? 70 : 45);
    ck_assert_uint_le(filled, _i != 0 ? 75 : 50);
    bed_close(&bed);
}
END_TEST

typedef struct Late {
    const Bed *bed;
    pthread_barrier_t barrier;
    char *block;
    Cache *cache; /* the other thread's */
    int freed;
} Late;

static void *free_late(void *argument)
{
    Late *late = argument;

    cached_warm_up(late->bed, BLOCK);
    late->cache = thread_self->owned[region_slot(region_of(late->bed->region))];
    pthread_barrier_wait(&late->barrier);
    pthread_barrier_wait(&late->barrier);
    late->freed = Mem_RegionFree(late->bed->region, late->block);
    return NULL;
}

/* A span waits in the inbox of its former owner. So only that inbox knows of its frees, while the
 * present owner finds its own inbox empty for long. A second free is detected all the same. */
START_TEST(late_posts_are_known)
{
    static char *blocks[5000];
    Bed bed = cached_open(_i, 1 << 22);
    Granules granules = region_granules(region_of(bed.region));
    Late late = {.bed = &bed};
    pthread_t thread;
    size_t count = 0;
    Cache *cache;

    cached_warm_up(&bed, BLOCK);
    cache = thread_self->owned[region_slot(region_of(bed.region))];
    late.block = checked_alloc(&bed, BLOCK);
    ck_assert_int_eq(pthread_barrier_init(&late.barrier, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, free_late, &late), 0);
    pthread_barrier_wait(&late.barrier);
    ck_assert_ptr_nonnull(late.cache);
    ck_assert_ptr_ne(late.cache, cache);
    inbox_post(&late.cache->inbox, &granules,
               granule_first(&granules, heap_position(&region_of(bed.region)->heap, late.block)));
    pthread_barrier_wait(&late.barrier);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(late.freed, 0);
    ck_assert(cache->inbox.watched);
    ck_assert_uint_eq(cache->inbox.first, 0);
    cache->quiet = 1 << 20;
    do { /* until its stack is empty */
        ck_assert_uint_lt(count, sizeof blocks / sizeof *blocks);
        blocks[count] = Mem_RegionAlloc(bed.region, BLOCK);
        ck_assert_ptr_nonnull(blocks[count]);
        ck_assert_ptr_ne(blocks[count++], late.block);
    } while (cache->quiet != 0);
    ck_assert_int_eq(Mem_RegionFree(bed.region, late.block), -1);
    ck_assert(cached_free_all(&bed, blocks, count));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Takes a free block, and uses it like any other. */
static bool use_again(const Bed *bed, const char *freed)
{
    for (int i = 0; i < 4096; i++) {
        char *block = Mem_RegionAlloc(bed->region, BLOCK);

        if (block == freed) {
            return Mem_RegionSize(bed->region, block) >= BLOCK &&
                   Mem_RegionFree(bed->region, block) == 0 &&
                   Mem_RegionFree(bed->region, block) == -1 && Mem_RegionCheck(bed->region) == 0;
        }
    }
    return false;
}

/* The process forks while a thread has set the remote bit of a block, which is free or allocated
 * again, and is about to ask. That thread does not exist in the child. There the block is free,
 * once. */
START_TEST(who_asks_is_not_in_the_child)
{
    bool is_live = _i >= CACHED_VARIANTS;
    Bed bed = cached_open(_i % CACHED_VARIANTS, 1 << 22);
    Region *region = region_of(bed.region);
    Granules granules = region_granules(region);
    char *block;
    Pos position;
    pid_t child;
    int status;

    cached_warm_up(&bed, BLOCK);
    block = checked_alloc(&bed, BLOCK);
    position = heap_position(&region->heap, block);
    if (!is_live) {
        checked_free(&bed, block);
    }
    granules.remote[position / LIVE_WORD_BITS] |= live_mask(position);
    region_caches(region)->asking = 1;
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        _exit((!is_live || Mem_RegionFree(bed.region, block) == -1) && use_again(&bed, block) ? 0
                                                                                              : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    region_caches(region)->asking = 0;
    ck_assert(granule_take_freed(&granules, position));
    if (is_live) {
        checked_free(&bed, block);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Caches begin at multiples of two cache lines, wherever the region is. */
START_TEST(caches_are_aligned)
{
    static char memory[CACHED_INSIDE + 256] __attribute__((__aligned__(128)));

    support_cache(true);
    for (size_t offset = 0; offset < 128; offset += 8) {
        Mem_Region *region = Mem_RegionCreateAt(memory + offset, CACHED_INSIDE, NULL);
        Bed bed = {.region = region};

        ck_assert_ptr_nonnull(region);
        cached_warm_up(&bed, BLOCK);
        ck_assert_uint_gt(region_pool(region_of(region))->owners, 0);
        ck_assert_uint_eq((uintptr_t)pool_cache(region_pool(region_of(region)), 1) % 128, 0);
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("caches");

    tcase_add_loop_test(tests, small_regions_have_caches, 0, 2);
    tcase_add_loop_test(tests, owners_end, 0, 2);
    tcase_add_loop_test(tests, caches_are_left_to_others, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, settlings_are_few, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, few_calls_take_no_span, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, spans_leave_room, 0, 2);
    tcase_add_loop_test(tests, late_posts_are_known, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, who_asks_is_not_in_the_child, 0, 2 * CACHED_VARIANTS);
    tcase_add_test(tests, caches_are_aligned);
    return support_end();
}
