/* SPDX-License-Identifier: MIT
 *
 * The records of threads: those of ended threads are used again, whatever the threads were doing,
 * and their number is limited. */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cached-bed.h"
#include "region/region.h"
#include "sanitized.h"

enum { SIZE = 1 << 24, MANY = THREAD_MODULE ? 0 : 1100 };

typedef struct Visit {
    const Bed *bed;
    Thread *record;         /* the record that it had */
    bool is_raw;            /* it ends by the system call … */
    bool is_short, is_long; /* … in the middle of a call, the short way or the long one */
} Visit;

static void *visit(void *argument)
{
    Visit *visit = argument;

    cached_warm_up(visit->bed, 64);
    visit->record = thread_self;
    if (visit->is_short) {
        thread_enter(thread_self);
    }
    if (visit->is_long) {
        thread_take_own(region_slot(region_of(visit->bed->region)));
    }
    if (visit->is_raw) {
        syscall(SYS_exit, 0);
    }
    return NULL;
}

static Thread *run(const Bed *bed, Visit kind)
{
    pthread_t thread;

    kind.bed = bed;
    ck_assert_int_eq(pthread_create(&thread, NULL, visit, &kind), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_ptr_ne(kind.record, &thread_none);
    return kind.record;
}

START_TEST(records_are_used_again)
{
    Bed bed = cached_open(_i, SIZE);
    Thread *record = run(&bed, (Visit){0});

    for (int round = 0; round < 5; round++) {
        ck_assert_ptr_eq(run(&bed, (Visit){0}), record);
    }
    cached_warm_up(&bed, 64);
    ck_assert_ptr_eq(thread_self, record);
    ck_assert_ptr_ne(run(&bed, (Visit){0}), record);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

#if !SANITIZED
/* A thread has ended: calls on the region still finish, and the record is used again. */
START_TEST(owners_are_gone)
{
    Bed bed;
    Thread *record;

    if (support_is_emulated()) {
        support_skip("emulators know no such end");
        return;
    }
    bed = cached_open(_i, SIZE);
    cached_warm_up(&bed, 100);
    record = run(&bed, (Visit){.is_raw = true});
    ck_assert_ptr_nonnull(record->owned[0]);
    ck_assert_ptr_eq(run(&bed, (Visit){0}), record);
    checked_empty(&bed);
    for (int is_long = 0; is_long < 2; is_long++) {
        for (int is_settled = 0; is_settled < 2; is_settled++) {
            run(&bed, (Visit){.is_raw = true, .is_short = !is_long, .is_long = is_long});
            if (is_settled) {
                bed_stats(&bed);
            }
            checked_sound(&bed);
            ck_assert_ptr_eq(run(&bed, (Visit){0}), record);
            cached_warm_up(&bed, 100);
        }
    }
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* Threads without a record work without a cache. */
typedef struct Crowd {
    const Bed *bed;
    pthread_barrier_t barrier;
    size_t without;
    bool failed;
} Crowd;

static void *live_in_crowd(void *argument)
{
    Crowd *crowd = argument;

    for (int i = 0; i < 100; i++) {
        void *block = Mem_RegionAlloc(crowd->bed->region, 64);

        if (block == NULL || Mem_RegionFree(crowd->bed->region, block) != 0) {
            __atomic_store_n(&crowd->failed, true, __ATOMIC_RELAXED);
        }
    }
    if (thread_self == &thread_none) {
        __atomic_fetch_add(&crowd->without, 1, __ATOMIC_RELAXED);
    }
    pthread_barrier_wait(&crowd->barrier);
    return NULL;
}

START_TEST(records_end)
{
    static pthread_t threads[MANY + 1];
    Crowd crowd = {0};
    pthread_attr_t attributes;
    Bed bed;

    if (support_is_emulated() || MANY == 0) {
        support_skip("that many threads");
        return;
    }
    bed = cached_open(0, SIZE);
    cached_warm_up(&bed, 64); /* has the first record */
    crowd.bed = &bed;
    ck_assert_int_eq(pthread_barrier_init(&crowd.barrier, NULL, MANY), 0);
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 1 << 16), 0);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], &attributes, live_in_crowd, &crowd), 0);
    }
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert(!crowd.failed);
    ck_assert_uint_eq(crowd.without, MANY - 1023);
    run(&bed, (Visit){0}); /* has a record again */
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST
#endif

int main(void)
{
    TCase *tests = support_begin("threads");

    tcase_add_loop_test(tests, records_are_used_again, 0, CACHED_VARIANTS);
#if !SANITIZED
    tcase_add_loop_test(tests, owners_are_gone, 0, CACHED_VARIANTS);
    tcase_add_test(tests, records_end);
#endif
    return support_end();
}
