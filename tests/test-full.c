/* SPDX-License-Identifier: MIT
 *
 * Mem_OnFull: a handler that helps, one that never does, and one that needs memory itself. For
 * libmem-malloc.so see preload.sh. */
#include <errno.h>
#include <string.h>

#include "cached-bed.h"
#include "checked.h"

enum { SIZE = 1 << 16 };

/* The arguments of the handler, and its actions. */
typedef struct Handling {
    const Bed *bed;
    Mem_Full last;
    unsigned calls;
    int answer;
    unsigned frees_at; /* the call at which it frees, counted from 1; 0: never */
    void *ballast;     /* what it frees then */
    size_t writes;     /* bytes it allocates, fills and frees before that */
    bool allocates;    /* it makes a request that finds no room */
} Handling;

static int handle(const Mem_Full *full, void *context)
{
    Handling *handling = context;
    const Bed *bed = handling->bed;

    ck_assert_uint_eq(full->asked, handling->calls);
    handling->last = *full;
    handling->calls++;
    checked_sound(bed);
    if (handling->allocates) {
        errno = 0;
        ck_assert_ptr_null(Mem_RegionAlloc(bed->region, full->size));
        ck_assert_int_eq(errno, ENOMEM);
    }
    if (handling->calls == handling->frees_at) {
        ck_assert_int_eq(Mem_RegionFree(bed->region, handling->ballast), 0);
        if (handling->writes != 0) {
            char *block = Mem_RegionAlloc(bed->region, handling->writes);

            memset(block, 0xFF, handling->writes);
            ck_assert_int_eq(Mem_RegionFree(bed->region, block), 0);
        }
    }
    errno = ERANGE;
    return handling->answer;
}

/* Fills a region except for 1 KiB, with ballast of three quarters, and a block behind it. */
static Handling fill(Bed *bed, char **block)
{
    Handling handling = {.bed = bed, .answer = 1};
    size_t multiple = bed->alignment;

    handling.ballast = Mem_RegionAlloc(bed->region, bed->capacity / 4 * 3 & ~(multiple - 1));
    *block = Mem_RegionAlloc(bed->region, 256);
    memset(*block, 0x5A, 256);
    ck_assert_ptr_nonnull(
        Mem_RegionAlloc(bed->region, (bed_stats(bed).largest_free - 1024) & ~(multiple - 1)));
    return handling;
}

/* The calls that take memory. */
enum { ALLOC, CALLOC, ALIGNED, REALLOC, REALLOC_NULL, CALLS };

static char *request(const Bed *bed, int call, char *block, size_t size)
{
    switch (call) {
    case ALLOC:
        return Mem_RegionAlloc(bed->region, size);
    case CALLOC:
        return Mem_RegionCalloc(bed->region, size / 8, 8);
    case ALIGNED:
        return Mem_RegionAlignedAlloc(bed->region, 128, size);
    case REALLOC:
        return Mem_RegionRealloc(bed->region, block, size);
    default:
        return Mem_RegionRealloc(bed->region, NULL, size);
    }
}

START_TEST(handler_that_frees)
{
    Bed bed = bed_open((Kind)(_i / CALLS), SIZE);
    int call = _i % CALLS;
    char *block, *got;
    Handling handling = fill(&bed, &block);
    Mem_Stats before = bed_stats(&bed), after;

    handling.frees_at = 3;
    handling.writes = 20000;
    Mem_OnFull(handle, &handling);
    errno = EILSEQ;
    got = request(&bed, call, block, 20000);
    ck_assert_ptr_nonnull(got);
    ck_assert_int_eq(errno, EILSEQ);
    ck_assert_uint_eq(handling.calls, 3);
    ck_assert_ptr_eq(handling.last.region, Mem_RegionOf(got));
    ck_assert_uint_eq(handling.last.size, bed_cost(&bed, 20000));
    ck_assert_uint_eq(handling.last.alignment, call == ALIGNED ? 128 : bed.alignment);
    ck_assert_uint_eq(handling.last.reserved0, 0);
    for (size_t i = 0; i < 20000 && call == CALLOC; i++) {
        ck_assert_int_eq(got[i], 0);
    }
    for (size_t i = 0; i < 256 && call == REALLOC; i++) {
        ck_assert_int_eq(got[i], 0x5A);
    }
    after = bed_stats(&bed);
    ck_assert_uint_eq(after.failures, before.failures);
    ck_assert_uint_eq(after.callocs, before.callocs + (call == CALLOC));
    ck_assert_uint_eq(after.reallocs, before.reallocs + (call >= REALLOC));
    ck_assert_uint_eq(after.aligned_allocs, before.aligned_allocs + (call == ALIGNED));
    ck_assert_uint_eq(after.allocs, before.allocs + (call == ALLOC) + 1); /* the handler's */
    checked_sound(&bed);
    /* No handler from here on. */
    Mem_OnFull(NULL, NULL);
    ck_assert_ptr_null(request(&bed, call, got, SIZE - 1000));
    ck_assert_uint_eq(handling.calls, 3);
    bed_close(&bed);
}
END_TEST

START_TEST(handler_that_never_helps)
{
    Bed bed = bed_open((Kind)(_i / CALLS), SIZE);
    int call = _i % CALLS;
    char *block;
    Handling handling = fill(&bed, &block);
    uint64_t failures = bed_stats(&bed).failures;

    Mem_OnFull(handle, &handling);
    errno = 0;
    ck_assert_ptr_null(request(&bed, call, block, 20000));
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_uint_eq(handling.calls, MEM_FULL_TRIES);
    ck_assert_uint_eq(bed_stats(&bed).failures, failures + 1);
    handling.calls = 0;
    handling.answer = 0;
    ck_assert_ptr_null(request(&bed, call, block, 20000));
    ck_assert_uint_eq(handling.calls, 1);
    ck_assert_int_eq(block[255], 0x5A);
    /* Requests that no handler could make succeed. */
    handling.calls = 0;
    errno = 0;
    ck_assert_ptr_null(request(&bed, call, block, bed.capacity + 4096));
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_ptr_null(Mem_RegionCalloc(bed.region, SIZE_MAX / 2, 3));
    ck_assert_uint_eq(handling.calls, 0);
    Mem_OnFull(NULL, NULL);
    bed_close(&bed);
}
END_TEST

/* A request of the handler's own fails, and does not call the handler. */
START_TEST(handler_that_needs_memory)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *block;
    Handling handling = fill(&bed, &block);

    handling.allocates = true;
    handling.frees_at = 2;
    Mem_OnFull(handle, &handling);
    ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, 20000));
    ck_assert_uint_eq(handling.calls, 2);
    Mem_OnFull(NULL, NULL);
    bed_close(&bed);
}
END_TEST

/* Blocks of caches: the handler is called after these have given back all that is free, and what it frees into a cache
 * counts. */
typedef struct Small {
    Mem_Region *region;
    char *blocks[20000];
    size_t count;
    unsigned calls;
} Small;

static int free_small(const Mem_Full *full, void *context)
{
    Small *small = context;

    small->calls++;
    ck_assert_ptr_eq(full->region, small->region);
    for (int i = 0; i < 40 && small->count != 0; i++) {
        ck_assert_int_eq(Mem_RegionFree(small->region, small->blocks[--small->count]), 0);
    }
    return 1;
}

static int refuse(const Mem_Full *full, void *context)
{
    (void)full;
    ++*(unsigned *)context;
    return 0;
}

START_TEST(handler_with_caches)
{
    static Small small;
    unsigned asked = 0;
    char *last, *grown;

    support_cache(true);
    small.region = Mem_RegionCreate(1 << 20, NULL);
    Mem_OnFull(refuse, &asked);
    while ((last = Mem_RegionAlloc(small.region, 100)) != NULL) {
        ck_assert_uint_eq(asked, 0);
        small.blocks[small.count++] = last;
        ck_assert_uint_lt(small.count, 20000);
    }
    ck_assert_uint_eq(asked, 1);
    Mem_OnFull(free_small, &small);
    ck_assert_ptr_nonnull(Mem_RegionAlloc(small.region, 100));
    ck_assert_uint_eq(small.calls, 1);
    /* Several times, until there is enough in one piece. */
    ck_assert_ptr_nonnull(Mem_RegionCalloc(small.region, 1, 20000));
    ck_assert_uint_gt(small.calls, 2);
    /* A block of a span moves. */
    while ((last = Mem_RegionAlloc(small.region, 100)) != NULL && small.calls < 100) {
        memset(last, 7, 100);
    }
    ck_assert_int_eq(Mem_RegionCheck(small.region), 0);
    small.calls = 0;
    if (last != NULL && small.count > 100) {
        memset(last, 7, 100);
        Mem_OnFull(refuse, &asked);
        while (Mem_RegionAlloc(small.region, 3000) != NULL) {
        }
        Mem_OnFull(free_small, &small);
        grown = Mem_RegionRealloc(small.region, last, 3000);
        ck_assert_ptr_nonnull(grown);
        ck_assert_int_eq(grown[99], 7);
        ck_assert_uint_ge(small.calls, 1);
    }
    ck_assert_int_eq(Mem_RegionCheck(small.region), 0);
}
END_TEST

/* Frees the ballast in another thread: the region is not locked. */
static void *free_ballast(void *argument)
{
    Handling *handling = argument;

    return Mem_RegionFree(handling->bed->region, handling->ballast) == 0 ? argument : NULL;
}

static int let_another_free(const Mem_Full *full, void *context)
{
    pthread_t thread;
    void *result;

    (void)full;
    ck_assert_int_eq(pthread_create(&thread, NULL, free_ballast, context), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, context);
    return 1;
}

START_TEST(handler_waits_for_a_thread)
{
    Bed bed = bed_open(_i == 0 ? KIND_MAPPED : KIND_THREADED, SIZE);
    char *block;
    Handling handling = fill(&bed, &block);

    Mem_OnFull(let_another_free, &handling);
    ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, 20000));
    Mem_OnFull(NULL, NULL);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("full");

    tcase_add_loop_test(tests, handler_that_frees, 0, KIND_COUNT * CALLS);
    tcase_add_loop_test(tests, handler_that_never_helps, 0, KIND_COUNT * CALLS);
    tcase_add_loop_test(tests, handler_that_needs_memory, 0, KIND_COUNT);
    tcase_add_test(tests, handler_with_caches);
    tcase_add_loop_test(tests, handler_waits_for_a_thread, 0, 2);
    return support_end();
}
