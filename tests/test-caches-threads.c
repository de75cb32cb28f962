/* SPDX-License-Identifier: MIT
 *
 * Caches of eight threads that fill them, sleep, end, and are lost by fork(): all free memory can
 * be allocated, whichever cache has it. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cached-bed.h"
#include "sanitized.h"

enum { THREADS = 8, SIZE = 1 << 22, MOST = 2000 };

typedef struct Worker {
    pthread_t thread;
    const Bed *bed;
    Random source;
    pthread_barrier_t *barrier;
    char **shared;
    size_t number;
    size_t most; /* bytes of a block, at most */
    bool failed;
} Worker;

static void run_all(Worker *workers, void *(*work)(void *))
{
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].number = i;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
}

static void join_all(Worker *workers)
{
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
        ck_assert(!workers[i].failed);
    }
}

static void prepare(Worker *workers, const Bed *bed, const char *test, int variant,
                    pthread_barrier_t *barrier)
{
    Random source = support_random(test, variant);

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (Worker){
            .bed = bed, .source = {random_next(&source)}, .barrier = barrier, .most = MOST};
    }
    if (barrier != NULL) {
        ck_assert_int_eq(pthread_barrier_init(barrier, NULL, THREADS + 1), 0);
    }
}

/* Allocates and frees at random, and sleeps with a full cache. */
static void *fill_cache(void *argument)
{
    Worker *worker = argument;
    char *blocks[64] = {0};

    for (int i = 0; i < 20000; i++) {
        size_t at = random_below(&worker->source, 64);

        if (blocks[at] != NULL) {
            worker->failed |= Mem_RegionFree(worker->bed->region, blocks[at]) != 0;
            blocks[at] = NULL;
        } else {
            blocks[at] = Mem_RegionAlloc(worker->bed->region,
                                         (size_t)8 << random_below(&worker->source, 8));
        }
    }
    for (size_t at = 0; at < 64; at++) {
        worker->failed |= Mem_RegionFree(worker->bed->region, blocks[at]) != 0;
    }
    pthread_barrier_wait(worker->barrier); /* all is free … */
    pthread_barrier_wait(worker->barrier); /* … and was taken whole */
    return NULL;
}

/* Most threads sleep with full caches, and one takes everything. */
START_TEST(sleepers_keep_nothing)
{
    Bed bed = cached_open(_i, SIZE);
    pthread_barrier_t barrier;
    Worker workers[THREADS];
    void *whole;

    prepare(workers, &bed, "sleepers_keep_nothing", _i, &barrier);
    run_all(workers, fill_cache);
    pthread_barrier_wait(&barrier);
    whole = Mem_RegionAlloc(bed.region, bed.capacity);
    ck_assert_ptr_nonnull(whole);
    pthread_barrier_wait(&barrier);
    join_all(workers);
    ck_assert_int_eq(Mem_RegionFree(bed.region, whole), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Each block keeps its pattern while it is allocated. Now and then a thread looks at everything, or
 * asks for more than there is. */
static void *use(void *argument)
{
    Worker *worker = argument;
    Mem_Region *region = worker->bed->region;
    char *blocks[100] = {0};
    size_t operations = support_operations(30000);

    for (size_t i = 0; i < operations; i++) {
        size_t at = random_below(&worker->source, 100);
        size_t size = 1 + random_scaled(&worker->source, worker->most);

        if (blocks[at] != NULL) {
            size_t had = Mem_RegionSize(region, blocks[at]);

            worker->failed |= !pattern_holds(blocks[at], had, (uintptr_t)blocks[at], had);
            if (i % 7 == 0) {
                char *moved = Mem_RegionRealloc(region, blocks[at], size);

                if (moved != NULL) {
                    blocks[at] = moved;
                    pattern_fill(moved, Mem_RegionSize(region, moved));
                }
                continue;
            }
            worker->failed |= Mem_RegionFree(region, blocks[at]) != 0;
            blocks[at] = NULL;
        } else {
            blocks[at] = i % 5 == 0 ? Mem_RegionCalloc(region, 1, size)
                                    : Mem_RegionAlloc(region, size);
            if (blocks[at] != NULL) {
                pattern_fill(blocks[at], Mem_RegionSize(region, blocks[at]));
            }
        }
        if (i % 5000 == 4999) {
            worker->failed |= Mem_RegionCheck(region) != 0;
            worker->failed |= Mem_RegionAlloc(region, worker->bed->capacity) != NULL;
        }
    }
    for (size_t at = 0; at < 100; at++) {
        worker->failed |= Mem_RegionFree(region, blocks[at]) != 0;
    }
    if (worker->barrier != NULL) {
        pthread_barrier_wait(worker->barrier);
    }
    return NULL;
}

static void use_together(const char *test, int variant, size_t size, size_t most)
{
    Bed bed = cached_open(variant, size);
    Worker workers[THREADS];

    prepare(workers, &bed, test, variant, NULL);
    for (int i = 0; i < THREADS; i++) {
        workers[i].most = most;
    }
    run_all(workers, use);
    join_all(workers);
    checked_empty(&bed);
    bed_close(&bed);
}

START_TEST(threads_use_one_region)
{
    use_together("threads_use_one_region", _i, SIZE, MOST);
}
END_TEST

/* Some blocks are larger than any class. */
START_TEST(threads_use_large_blocks)
{
    use_together("threads_use_large_blocks", _i, 16 * SIZE, 40000);
}
END_TEST

/* Blocks of one thread are freed by another one. */
enum { MAILBOXES = 512 };

static void *trade(void *argument)
{
    Worker *worker = argument;
    size_t operations = support_operations(100000);

    for (size_t i = 0; i < operations; i++) {
        char *block = NULL;

        if (worker->number % 2 == 0) {
            block = Mem_RegionAlloc(worker->bed->region,
                                    (size_t)16 << random_below(&worker->source, 4));
        }
        block = __atomic_exchange_n(&worker->shared[random_below(&worker->source, MAILBOXES)],
                                    block, __ATOMIC_ACQ_REL);
        worker->failed |= Mem_RegionFree(worker->bed->region, block) != 0;
    }
    return NULL;
}

START_TEST(threads_free_what_others_allocated)
{
    Bed bed = cached_open(_i, SIZE);
    char *mailboxes[MAILBOXES] = {0};
    Worker workers[THREADS];

    prepare(workers, &bed, "threads_free_what_others_allocated", _i, NULL);
    for (int i = 0; i < THREADS; i++) {
        workers[i].shared = mailboxes;
    }
    run_all(workers, trade);
    join_all(workers);
    ck_assert(cached_free_all(&bed, mailboxes, MAILBOXES));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

static void *live_shortly(void *argument)
{
    Worker *worker = argument;
    char *blocks[8];

    for (int i = 0; i < 2 * CACHED_WARM; i++) {
        blocks[i % 8] = Mem_RegionAlloc(worker->bed->region, (size_t)16 << i % 8);
        if (i % 8 == 7) {
            worker->failed |= !cached_free_all(worker->bed, blocks, 8);
        }
    }
    return NULL;
}

/* Threads that end leave nothing behind. */
START_TEST(threads_come_and_go)
{
    Bed bed = cached_open(_i, SIZE);
    Worker workers[THREADS];
    size_t rounds = 1 + support_operations(50);

    for (size_t round = 0; round < rounds; round++) {
        prepare(workers, &bed, "threads_come_and_go", _i, NULL);
        run_all(workers, live_shortly);
        join_all(workers);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

static void *live_together(void *argument)
{
    Worker *worker = argument;

    for (int i = 0; i < 2 * CACHED_WARM; i++) {
        void *block = Mem_RegionAlloc(worker->bed->region, 8);

        worker->failed |= block == NULL || Mem_RegionFree(worker->bed->region, block) != 0;
    }
    pthread_barrier_wait(worker->barrier); /* each thread still has its cache, if any */
    return NULL;
}

/* A thread ends with more free blocks than its stacks hold. */
static void *free_many(void *argument)
{
    enum { COUNT = 1000 };
    static char *blocks[COUNT];
    Worker *worker = argument;

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            blocks[i] = Mem_RegionAlloc(worker->bed->region, 1024);
            worker->failed |= blocks[i] == NULL;
        }
        worker->failed |= !cached_free_all(worker->bed, blocks, COUNT);
    }
    return NULL;
}

static void run_one(const Bed *bed, void *(*work)(void *))
{
    Worker worker = {.bed = bed};

    ck_assert_int_eq(pthread_create(&worker.thread, NULL, work, &worker), 0);
    ck_assert_int_eq(pthread_join(worker.thread, NULL), 0);
    ck_assert(!worker.failed);
}

START_TEST(a_thread_ends_with_much)
{
    Bed bed = cached_open(_i, SIZE);

    for (int round = 0; round < 2; round++) {
        run_one(&bed, free_many);
        checked_sound(&bed);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Functions of the program at the end of a thread may use regions after the library's has run. */
static pthread_key_t late_key;

static void live_late(void *argument)
{
    live_shortly(argument);
}

static void *live_twice(void *argument)
{
    pthread_setspecific(late_key, argument);
    return live_shortly(argument);
}

START_TEST(a_thread_ends_late)
{
    Bed bed = cached_open(_i, SIZE);

    cached_warm_up(&bed, 64);
    ck_assert_int_eq(pthread_key_create(&late_key, live_late), 0);
    for (int round = 0; round < 5; round++) {
        run_one(&bed, live_twice);
        checked_sound(&bed);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

#if !SANITIZED
static bool refuse_values;

/* Replaces libc's function for the library, too: there is no memory for one more value. */
int pthread_setspecific(pthread_key_t key, const void *value)
{
    static int (*real)(pthread_key_t, const void *);

    if (refuse_values) {
        return ENOMEM;
    }
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_setspecific");
    }
    return real(key, value);
}
#endif

/* Threads whose end cannot be noticed have no caches, and miss nothing. */
static void live_without_caches(const Bed *bed)
{
    for (int round = 0; round < 5; round++) {
        run_one(bed, live_shortly);
        checked_sound(bed);
    }
    cached_warm_up(bed, 64);
    checked_empty(bed);
}

START_TEST(no_key_is_left)
{
    Bed bed = cached_open(_i, SIZE);
    pthread_key_t key;

    while (pthread_key_create(&key, NULL) == 0) {
    }
    live_without_caches(&bed);
    bed_close(&bed);
}
END_TEST

#if !SANITIZED
START_TEST(no_value_can_be_stored)
{
    Bed bed = cached_open(_i, SIZE);

    refuse_values = true;
    live_without_caches(&bed);
    bed_close(&bed);
}
END_TEST
#endif

/* More threads than caches: those without one leave the others theirs. */
START_TEST(too_many_threads)
{
    enum { THREADS_MOST = 40 };
    Bed bed = cached_open(_i, _i / 2 == 0 ? 1 << 17 : SIZE);
    Worker workers[THREADS_MOST] = {0};
    pthread_barrier_t barrier;

    cached_warm_up(&bed, 64); /* and leaves something in a cache */
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS_MOST), 0);
    for (int i = 0; i < THREADS_MOST; i++) {
        workers[i] = (Worker){.bed = &bed, .barrier = &barrier};
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, live_together, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS_MOST; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
        ck_assert(!workers[i].failed);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* A child can allocate what its lost threads had in their caches. */
START_TEST(fork_loses_nothing)
{
    Bed bed = cached_open(_i, SIZE);
    pthread_barrier_t barrier;
    Worker workers[THREADS];
    int status;
    pid_t child;

    prepare(workers, &bed, "fork_loses_nothing", _i, &barrier);
    run_all(workers, fill_cache);
    pthread_barrier_wait(&barrier);
    child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0) {
        void *whole = Mem_RegionAlloc(bed.region, bed.capacity);

        support_end_child(whole == NULL ? 1 : Mem_RegionFree(bed.region, whole) != 0 ? 2 : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    pthread_barrier_wait(&barrier);
    join_all(workers);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Forks while threads allocate, and after some have finished. None has ended. */
START_TEST(fork_in_the_midst)
{
    Bed bed = cached_open(_i, SIZE);
    pthread_barrier_t barrier;
    Worker workers[THREADS];

    prepare(workers, &bed, "fork_in_the_midst", _i, &barrier);
    run_all(workers, use);
    for (int round = 0; round < 20; round++) {
        int status;
        pid_t child;

        if (round == 10) { /* from here on the forking thread has a cache, too */
            cached_warm_up(&bed, 100);
        }
        child = fork();
        ck_assert_int_ne(child, -1);
        if (child == 0) {
            alarm(100);
            for (int i = 0; i < 2 * CACHED_WARM; i++) {
                void *block = Mem_RegionAlloc(bed.region, 100);

                if (block == NULL || Mem_RegionFree(bed.region, block) != 0) {
                    support_end_child(1);
                }
            }
            support_end_child(Mem_RegionCheck(bed.region) == 0 ? 0 : 2);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    pthread_barrier_wait(&barrier);
    join_all(workers);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("caches-threads");

    tcase_add_loop_test(tests, sleepers_keep_nothing, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, threads_use_one_region, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, threads_use_large_blocks, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, threads_free_what_others_allocated, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, threads_come_and_go, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, a_thread_ends_with_much, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, a_thread_ends_late, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, no_key_is_left, 0, CACHED_VARIANTS);
#if !SANITIZED
    tcase_add_loop_test(tests, no_value_can_be_stored, 0, CACHED_VARIANTS);
#endif
    tcase_add_loop_test(tests, too_many_threads, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, fork_loses_nothing, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, fork_in_the_midst, 0, CACHED_VARIANTS);
    return support_end();
}
