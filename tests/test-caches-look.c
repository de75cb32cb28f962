/* SPDX-License-Identifier: MIT
 *
 * Looks at a region with caches: all agree, show maximal free runs, and move nothing, even while
 * other threads go on. Blocks of two threads share no cache line. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cached-bed.h"
#include "sanitized.h"

enum { SIZE = 1 << 22, THREADS = 3, HELD = 400 };

typedef struct Worker {
    const Bed *bed;
    pthread_t thread;
    pthread_barrier_t *barrier;
    Random source;
    char *blocks[HELD];
    bool may_end; /* atomic */
    bool failed;
} Worker;

/* ------------------------------------------------------------------------------------------------
 * What a walk shows
 * --------------------------------------------------------------------------------------------- */

typedef struct Walk {
    const char *next; /* where the next block must begin */
    size_t bytes_in_use, bytes_free, blocks_in_use, blocks_free, largest_free;
    bool after_free;
    bool wrong;
} Walk;

static int visit(const Mem_Block *block, void *context)
{
    Walk *walk = context;

    walk->wrong |= (const char *)block->address != walk->next || block->size == 0;
    walk->wrong |= !block->in_use && walk->after_free; /* two free neighbours */
    walk->next = (const char *)block->address + block->size;
    walk->after_free = !block->in_use;
    if (block->in_use) {
        walk->bytes_in_use += block->size;
        walk->blocks_in_use++;
    } else {
        walk->bytes_free += block->size;
        walk->blocks_free++;
        walk->largest_free = block->size > walk->largest_free ? block->size : walk->largest_free;
    }
    return 0;
}

static bool walk_all(const Bed *bed, Walk *walk)
{
    *walk = (Walk){.next = bed->first};
    return bed_walk(bed, visit, walk) == 0 && !walk->wrong &&
           walk->bytes_in_use + walk->bytes_free == bed->capacity;
}

/* ------------------------------------------------------------------------------------------------
 * Threads that use the region meanwhile
 * --------------------------------------------------------------------------------------------- */

static void churn(Worker *worker, size_t operations)
{
    Mem_Region *region = worker->bed->region;

    for (size_t i = 0; i < operations; i++) {
        char **block = &worker->blocks[random_below(&worker->source, HELD)];

        if (*block == NULL) {
            *block = Mem_RegionAlloc(region, 1 + random_scaled(&worker->source, 3000));
        } else {
            worker->failed |= Mem_RegionFree(region, *block) != 0;
            *block = NULL;
        }
    }
}

/* Leaves blocks in use and free ones in its cache, and sleeps. */
static void *churn_and_wait(void *argument)
{
    Worker *worker = argument;

    churn(worker, 20000);
    pthread_barrier_wait(worker->barrier);
    pthread_barrier_wait(worker->barrier);
    return NULL;
}

static void *churn_on(void *argument)
{
    Worker *worker = argument;

    pthread_barrier_wait(worker->barrier);
    while (!__atomic_load_n(&worker->may_end, __ATOMIC_ACQUIRE)) {
        churn(worker, 100);
    }
    return NULL;
}

static void start(Worker *workers, const Bed *bed, pthread_barrier_t *barrier,
                  void *(*work)(void *), int variant)
{
    Random source = support_random("look", variant);

    cached_warm_up(bed, UNIT);
    ck_assert_int_eq(pthread_barrier_init(barrier, NULL, THREADS + 1), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i].bed = bed;
        workers[i].barrier = barrier;
        workers[i].source.state = random_next(&source);
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    pthread_barrier_wait(barrier);
}

static void join(Worker *workers, const Bed *bed)
{
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
        ck_assert(!workers[i].failed);
        ck_assert(cached_free_all(bed, workers[i].blocks, HELD));
    }
}

/* ------------------------------------------------------------------------------------------------
 * Tests
 * --------------------------------------------------------------------------------------------- */

static void dump(const Bed *bed)
{
    FILE *stream = fopen("/dev/null", "w");

    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(Mem_RegionDump(bed->region, stream, MEM_TEXT), 0);
    ck_assert_int_eq(Mem_RegionDump(bed->region, stream, MEM_JSON), 0);
    fclose(stream);
}

static void verify_stats(const Bed *bed)
{
    Mem_Stats stats = bed_stats(bed);
    Walk walk;

    ck_assert(walk_all(bed, &walk));
    ck_assert_uint_eq(stats.bytes_in_use, walk.bytes_in_use);
    ck_assert_uint_eq(stats.bytes_free, walk.bytes_free);
    ck_assert_uint_eq(stats.blocks_in_use, walk.blocks_in_use);
    ck_assert_uint_eq(stats.blocks_free, walk.blocks_free);
    ck_assert_uint_eq(stats.largest_free, walk.largest_free);
    ck_assert_uint_ge(stats.peak_in_use, stats.bytes_in_use);
}

/* All ways to look agree, and change nothing. */
START_TEST(looks_agree)
{
    static Worker workers[THREADS];
    Bed bed = cached_open(_i, SIZE);
    pthread_barrier_t barrier;
    uint64_t digest;
    char *block;

    start(workers, &bed, &barrier, churn_and_wait, _i);
    digest = bed_digest(&bed);
    for (int i = 0; i < 3; i++) {
        verify_stats(&bed);
        dump(&bed);
        checked_sound(&bed);
        ck_assert_uint_eq(bed_digest(&bed), digest);
    }
    /* A request of largest_free bytes succeeds. */
    for (int i = 0; i < 50; i++) {
        size_t largest = bed_stats(&bed).largest_free;

        if (largest == 0) {
            break;
        }
        ck_assert_ptr_null(Mem_RegionAlloc(bed.region, largest + 1));
        block = Mem_RegionAlloc(bed.region, largest);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq(bed_size(&bed, block), largest);
        verify_stats(&bed);
        checked_sound(&bed);
    }
    pthread_barrier_wait(&barrier);
    join(workers, &bed);
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A look leaves caches as they are: the block freed last is allocated next, at the same place. */
START_TEST(looks_move_nothing)
{
    Bed bed = cached_open(_i, SIZE);
    char *blocks[20];

    for (size_t size = 8; size < 900; size += 40) {
        cached_warm_up(&bed, size);
        for (int i = 0; i < 20; i++) {
            blocks[i] = Mem_RegionAlloc(bed.region, size);
            ck_assert_ptr_nonnull(blocks[i]);
        }
        for (int i = 19; i > 0; i--) {
            ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[i]), 0);
            verify_stats(&bed);
            checked_sound(&bed);
        }
        dump(&bed);
        for (int i = 1; i < 20; i++) {
            ck_assert_ptr_eq(Mem_RegionAlloc(bed.region, size), blocks[i]);
            checked_sound(&bed);
        }
    }
    ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Each look shows a state that the region had. */
START_TEST(looks_while_others_are_busy)
{
    static Worker workers[THREADS];
    Bed bed = cached_open(_i, SIZE);
    size_t looks = support_operations(100);
    pthread_barrier_t barrier;
    Mem_Stats stats;
    Walk walk;

    start(workers, &bed, &barrier, churn_on, _i);
    for (size_t i = 0; i < looks; i++) {
        ck_assert(walk_all(&bed, &walk));
        stats = bed_stats(&bed);
        ck_assert_uint_eq(stats.bytes_in_use + stats.bytes_free, bed.capacity);
        ck_assert_uint_le(stats.largest_free, stats.bytes_free);
        ck_assert_uint_le(stats.blocks_free, stats.blocks_in_use + 1);
        ck_assert_uint_le(stats.blocks_in_use, (size_t)THREADS * HELD);
        ck_assert_uint_eq(stats.misuses, 0);
        checked_sound(&bed);
        if (i % 50 == 0) {
            dump(&bed);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        __atomic_store_n(&workers[i].may_end, true, __ATOMIC_RELEASE);
    }
    join(workers, &bed);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

static void *check_on(void *argument)
{
    Worker *worker = argument;

    pthread_barrier_wait(worker->barrier);
    while (!__atomic_load_n(&worker->may_end, __ATOMIC_ACQUIRE)) {
        worker->failed |= Mem_RegionCheck(worker->bed->region) != 0;
    }
    return NULL;
}

/* No thread sees what a check does internally: a free block stays free, and one in use stays in
 * use. */
START_TEST(checks_are_not_seen)
{
    enum { COUNT = 208 };
    static Worker workers[THREADS];
    Bed bed = cached_open(_i, SIZE);
    size_t rounds = support_operations(100);
    pthread_barrier_t barrier;
    char *blocks[COUNT];

    start(workers, &bed, &barrier, check_on, _i);
    cached_warm_up(&bed, 64);
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = Mem_RegionAlloc(bed.region, 64);
    }
    for (size_t i = 0; i < COUNT; i += 16) {
        ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[i]), 0);
    }
    for (size_t i = 0; i < rounds * COUNT; i++) {
        char *block = blocks[i % COUNT];

        ck_assert_uint_eq(Mem_RegionSize(bed.region, block), i % 16 == 0 ? 0 : 64);
        ck_assert(i % 16 != 0 || Mem_RegionRealloc(bed.region, block, 40) == NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        __atomic_store_n(&workers[i].may_end, true, __ATOMIC_RELEASE);
    }
    join(workers, &bed);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[i]), i % 16 == 0 ? -1 : 0);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

enum { LINE = 64 };

/* Takes small blocks, in turns with the other threads. */
static void *take_lines(void *argument)
{
    Worker *worker = argument;

    for (size_t size = UNIT; size <= 5 * UNIT; size += UNIT) {
        cached_warm_up(worker->bed, size);
    }
    pthread_barrier_wait(worker->barrier);
    for (int i = 0; i < HELD; i++) {
        worker->blocks[i] = Mem_RegionAlloc(worker->bed->region, (size_t)(1 + i % 5) * UNIT);
        worker->failed |= worker->blocks[i] == NULL;
        if (i % 20 == 0) {
            sched_yield();
        }
    }
    pthread_barrier_wait(worker->barrier);
    return NULL;
}

static bool share_line(const char *a, const char *b)
{
    return (uintptr_t)a / LINE == (uintptr_t)b / LINE;
}

START_TEST(no_line_is_shared)
{
    static Worker workers[THREADS];
    Bed bed = cached_open(_i, 4 * CACHED_INSIDE);
    pthread_barrier_t barrier;

    start(workers, &bed, &barrier, take_lines, _i);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++) {
        for (int k = 0; k < i; k++) {
            for (int a = 0; a < HELD; a++) {
                for (int b = 0; b < HELD; b++) {
                    if (share_line(workers[i].blocks[a], workers[k].blocks[b])) {
                        ck_abort_msg("%p and %p are two threads'", (void *)workers[i].blocks[a],
                                     (void *)workers[k].blocks[b]);
                    }
                }
            }
        }
    }
    join(workers, &bed);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Returns the page faults of a check of a large region that was little used. */
static long check_faults(unsigned flags)
{
    const Mem_Options options = {.flags = MEM_SPARSE | flags};
    Mem_Region *region = Mem_RegionCreate((size_t)1 << 30, &options);
    struct rusage before, after;

    ck_assert_ptr_nonnull(region);
    for (int i = 0; i < CACHED_WARM; i++) {
        ck_assert_ptr_nonnull(Mem_RegionAlloc(region, 16));
    }
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
    ck_assert_int_eq(Mem_RegionCheck(region), 0);
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    return after.ru_minflt - before.ru_minflt;
}

/* A check touches only data of caches for memory that was in use, whatever the size of the
 * region. */
START_TEST(checks_touch_what_was_in_use)
{
    support_cache(true);
    ck_assert_int_lt(check_faults(0), check_faults(MEM_EXACT) + 50);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("caches-look");

    tcase_add_loop_test(tests, looks_agree, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, looks_move_nothing, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, looks_while_others_are_busy, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, checks_are_not_seen, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, no_line_is_shared, 0, CACHED_VARIANTS);
    if (!SANITIZED) { /* sanitizers touch memory of their own */
        tcase_add_test(tests, checks_touch_what_was_in_use);
    }
    return support_end();
}
