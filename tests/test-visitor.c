/* SPDX-License-Identifier: MIT
 *
 * What a visitor of Mem_Walk may do: end its thread, start the first one, and use other regions.
 * Check ends a test that hangs. For fork(), see test-visitor-fork.c. */
#include <pthread.h>
#include <unistd.h>

#include "sanitized.h"
#include "visited.h"

static void *use(void *argument)
{
    const Bed *bed = argument;

    checked_free(bed, checked_alloc(bed, 1000));
    return NULL;
}

/* Verifies that this thread and others can use the region, and that it is unchanged. */
static void verify_unlocked(Bed *bed, uint64_t digest)
{
    pthread_t thread;

    use(bed);
    ck_assert_int_eq(pthread_create(&thread, NULL, use, bed), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(bed_digest(bed), digest);
}

/* ------------------------------------------------------------------------------------------------
 * Threads that end
 * --------------------------------------------------------------------------------------------- */

typedef struct Leaving {
    Bed *bed;
    size_t visits;
    bool waits;
    bool is_there; /* it waits in the visitor */
} Leaving;

static int leave(const Mem_Block *block, void *context)
{
    Leaving *leaving = context;

    (void)block;
    if (++leaving->visits == VISITED_BLOCKS / 2) {
        if (!leaving->waits) {
            pthread_exit(leaving);
        }
        raise_flag(&leaving->is_there);
        for (;;) {
            pause();
        }
    }
    return 0;
}

static void *walk_and_leave(void *argument)
{
    Leaving *leaving = argument;

    bed_walk(leaving->bed, leave, leaving);
    return NULL;
}

START_TEST(thread_ends_in_a_visitor)
{
    Bed bed = visited_open(_i);
    Leaving leaving = {.bed = &bed};
    uint64_t digest = bed_digest(&bed);
    pthread_t thread;
    void *result;

    ck_assert_int_eq(pthread_create(&thread, NULL, walk_and_leave, &leaving), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, &leaving);
    verify_unlocked(&bed, digest);
    bed_close(&bed);
}
END_TEST

START_TEST(thread_is_cancelled_in_a_visitor)
{
    Bed bed = visited_open(_i);
    Leaving leaving = {.bed = &bed, .waits = true};
    uint64_t digest = bed_digest(&bed);
    pthread_t thread;
    void *result;

    ck_assert_int_eq(pthread_create(&thread, NULL, walk_and_leave, &leaving), 0);
    wait_until(&leaving.is_there);
    ck_assert_int_eq(pthread_cancel(thread), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    verify_unlocked(&bed, digest);
    bed_close(&bed);
}
END_TEST

/* Ends the thread inside two walks: both regions are unlocked. */
static int walk_inside(const Mem_Block *block, void *context)
{
    (void)block;
    walk_and_leave(context);
    return 0;
}

typedef struct Nested {
    Bed *outer;
    Leaving inner;
} Nested;

static void *walk_both(void *argument)
{
    Nested *nested = argument;

    bed_walk(nested->outer, walk_inside, &nested->inner);
    return NULL;
}

START_TEST(thread_ends_in_a_visitor_of_a_visitor)
{
    Bed outer = visited_open(KIND_MAPPED);
    Bed inner = visited_open(KIND_THREADED);
    Nested nested = {.outer = &outer, .inner.bed = &inner};
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, walk_both, &nested), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    verify_unlocked(&outer, bed_digest(&outer));
    verify_unlocked(&inner, bed_digest(&inner));
    bed_close(&inner);
    bed_close(&outer);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * The first thread
 * --------------------------------------------------------------------------------------------- */

typedef struct First {
    Bed *bed;
    pthread_t thread;
    bool began, done;
    size_t visits;
    size_t bytes;
} First;

static void *use_once(void *argument)
{
    First *first = argument;

    raise_flag(&first->began);
    Mem_RegionFree(first->bed->region, Mem_RegionAlloc(first->bed->region, 5000));
    raise_flag(&first->done);
    return NULL;
}

/* Starts the first thread. Waiting for the lock looks like being late, so the thread is given some
 * time. */
static int start_first(const Mem_Block *block, void *context)
{
    First *first = context;

    if (first->visits++ == 0) {
        ck_assert_int_eq(pthread_create(&first->thread, NULL, use_once, first), 0);
        wait_until(&first->began);
        sleep_us(20000);
    }
    ck_assert(!is_raised(&first->done));
    first->bytes += block->size;
    return 0;
}

START_TEST(visitor_starts_the_first_thread)
{
    Bed bed = visited_open(_i);
    First first = {.bed = &bed};

    ck_assert_int_eq(bed_walk(&bed, start_first, &first), 0);
    ck_assert_uint_eq(first.bytes, bed.capacity);
    ck_assert_int_eq(pthread_join(first.thread, NULL), 0);
    ck_assert(first.done);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Other regions
 * --------------------------------------------------------------------------------------------- */

static int make_another(const Mem_Block *block, void *context)
{
    Mem_Region *other = Mem_RegionCreate(block->size, NULL);

    ck_assert_ptr_nonnull(other);
    ck_assert_ptr_nonnull(Mem_RegionAlloc(other, block->size / 2));
    ck_assert_int_eq(Mem_RegionCheck(other), 0);
    ck_assert_int_eq(Mem_RegionDestroy(other), 0);
    ++*(size_t *)context;
    return 0;
}

START_TEST(visitor_makes_and_ends_regions)
{
    Bed bed = visited_open(_i);
    Mem_Stats stats = bed_stats(&bed);
    size_t visits = 0;

    ck_assert_int_eq(bed_walk(&bed, make_another, &visits), 0);
    ck_assert_uint_eq(visits, stats.blocks_in_use + stats.blocks_free);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("visitor");

    tcase_add_loop_test(tests, thread_ends_in_a_visitor, 0, KIND_CACHED + 1);
    if (SANITIZED_THREADS) {
        support_skip("Thread Sanitizer sees nothing of what a cancelled thread unlocks");
    } else {
        tcase_add_loop_test(tests, thread_is_cancelled_in_a_visitor, 0, KIND_CACHED + 1);
    }
    tcase_add_test(tests, thread_ends_in_a_visitor_of_a_visitor);
    tcase_add_loop_test(tests, visitor_makes_and_ends_regions, 0, KIND_CACHED + 1);
    for (int kind = 0; kind <= KIND_CACHED; kind++) {
        if (kind != KIND_UNLOCKED) {
            tcase_add_loop_test(tests, visitor_starts_the_first_thread, kind, kind + 1);
        }
    }
    return support_end();
}
