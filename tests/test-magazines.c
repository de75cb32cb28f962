/* SPDX-License-Identifier: MIT
 *
 * Magazines: that nobody sees them. A region with magazines refuses what one without them refuses, has
 * room for what one without them has, and counts and shows the same. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"

enum { THREADS = 8, SIZE = 1 << 22, BLOCKS = 4000, WARM = 1500 };

/* Stands before libc's function for the library, too: a kernel without membarrier(2). The library
 * asks once in a process, and each test is a process. */
static bool refuse_membarrier;

long syscall(long number, ...)
{
    va_list arguments;
    long first, second, third;

    va_start(arguments, number);
    first = va_arg(arguments, long);
    second = va_arg(arguments, long);
    third = va_arg(arguments, long);
    va_end(arguments);
#ifdef SYS_membarrier
    if (number == SYS_membarrier && !refuse_membarrier) {
        static long (*real)(long, ...);

        if (real == NULL) {
            *(void **)&real = dlsym(RTLD_NEXT, "syscall");
        }
        return real(number, first, second, third);
    }
#else
    (void)first, (void)second, (void)third;
#endif
    errno = ENOSYS;
    return -1;
}

/* Variants: with membarrier(2) and without; in a mapping and in memory of the test's own. */
enum { VARIANTS = 4 };

static Bed open_variant(int variant, size_t size)
{
    refuse_membarrier = variant % 2 != 0;
    support_cache(true);
    if (variant / 2 != 0) {
        Bed bed = bed_open_inside(size + size / 16, 16);

        ck_assert_ptr_nonnull(bed.region);
        bed.is_cached = true;
        return bed;
    }
    return bed_open(KIND_CACHED, size);
}

/* Brings a thread to use magazines for blocks of some size. */
static void warm_up(const Bed *bed, size_t size)
{
    for (int i = 0; i < WARM; i++) {
        void *block = Mem_RegionAlloc(bed->region, size);

        ck_assert_ptr_nonnull(block);
        ck_assert_int_eq(Mem_RegionFree(bed->region, block), 0);
    }
}

/* Fills the region with blocks of some sizes, each with its pattern, and tells how many. */
static size_t fill(const Bed *bed, char **blocks, size_t most, Random *source)
{
    size_t count = 0;

    while (count < most) {
        size_t size = 1 + random_scaled(source, 1500);

        blocks[count] = Mem_RegionAlloc(bed->region, size);
        if (blocks[count] == NULL) {
            break;
        }
        pattern_fill(blocks[count], bed_size(bed, blocks[count]));
        count++;
    }
    return count;
}

static bool free_all(const Bed *bed, char **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (Mem_RegionFree(bed->region, blocks[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* A program of a few hundred calls sees the very same as without magazines. */
START_TEST(few_calls_are_exact)
{
    Random source = support_random("few_calls_are_exact", _i);
    Bed exact = bed_open(KIND_MAPPED, SIZE);
    Bed cached = open_variant(0, SIZE);
    char *blocks[2][50] = {{0}};

    for (int i = 0; i < 600; i++) {
        size_t at = random_below(&source, 50);
        size_t size = random_scaled(&source, 3000);

        for (int k = 0; k < 2; k++) {
            const Bed *bed = k == 0 ? &exact : &cached;

            if (blocks[k][at] == NULL) {
                blocks[k][at] = Mem_RegionAlloc(bed->region, size);
            } else {
                ck_assert_int_eq(Mem_RegionFree(bed->region, blocks[k][at]), 0);
                blocks[k][at] = NULL;
            }
        }
        if (blocks[0][at] != NULL) {
            ck_assert_int_eq(blocks[0][at] - exact.first, blocks[1][at] - cached.first);
        }
    }
    bed_close(&exact);
    bed_close(&cached);
}
END_TEST

START_TEST(all_is_free_in_the_end)
{
    Random source = support_random("all_is_free_in_the_end", _i);
    Bed bed = open_variant(_i, SIZE);
    static char *blocks[4 * BLOCKS];

    for (int round = 0; round < 5; round++) {
        size_t count = fill(&bed, blocks, 4 * BLOCKS, &source);

        checked_sound(&bed);
        for (size_t i = 0; i < count; i++) {
            checked_pattern(&bed, blocks[i]);
        }
        ck_assert(free_all(&bed, blocks, count));
        /* Nothing of it is in magazines for one who wants it all. */
        blocks[0] = Mem_RegionAlloc(bed.region, bed.capacity);
        ck_assert_ptr_nonnull(blocks[0]);
        ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[0]), 0);
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* More freed blocks of one size than magazines and the depot hold. */
START_TEST(many_of_one_size)
{
    enum { COUNT = 60000 };
    static char *blocks[COUNT];
    Bed bed = open_variant(_i, SIZE);
    size_t count = 0;

    while (count < COUNT && (blocks[count] = Mem_RegionAlloc(bed.region, 8)) != NULL) {
        count++;
    }
    for (int round = 0; round < 3; round++) {
        ck_assert(free_all(&bed, blocks, count));
        for (size_t i = 0; i < count; i++) {
            blocks[i] = Mem_RegionAlloc(bed.region, 8);
            ck_assert_ptr_nonnull(blocks[i]);
        }
    }
    ck_assert(free_all(&bed, blocks, count));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Magazines hold more of a larger region, up to a limit. */
START_TEST(large_region)
{
    Mem_Options options = {.flags = MEM_SPARSE};
    Bed bed = {.alignment = 8, .is_cached = true};

    support_cache(true);
    bed.region = Mem_RegionCreate((size_t)1 << (sizeof(size_t) > 4 ? 30 : 28), &options);
    ck_assert_ptr_nonnull(bed.region);
    for (size_t size = 8; size <= 1024; size *= 2) {
        warm_up(&bed, size);
        checked_sound(&bed);
    }
    ck_assert_uint_eq(bed_stats(&bed).blocks_in_use, 0);
    ck_assert_int_eq(Mem_RegionDestroy(bed.region), 0);
}
END_TEST

START_TEST(calls_are_counted)
{
    Bed bed = open_variant(_i, SIZE);
    uint64_t allocs = 0, callocs = 0;
    Mem_Stats stats;

    for (int i = 0; i < 3 * WARM; i++) {
        void *block = i % 3 == 0 ? Mem_RegionCalloc(bed.region, 3, 16)
                                 : Mem_RegionAlloc(bed.region, 48);

        ck_assert_ptr_nonnull(block);
        callocs += i % 3 == 0;
        allocs += i % 3 != 0;
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    }
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.allocs, allocs);
    ck_assert_uint_eq(stats.callocs, callocs);
    ck_assert_uint_eq(stats.frees, allocs + callocs);
    ck_assert_uint_eq(stats.blocks_in_use, 0);
    ck_assert_uint_eq(stats.bytes_free, bed.capacity);
    ck_assert_uint_eq(stats.misuses, 0);
    bed_close(&bed);
}
END_TEST

START_TEST(calloc_clears)
{
    Bed bed = open_variant(_i, SIZE);

    warm_up(&bed, 64);
    for (int i = 0; i < 200; i++) {
        char *block = Mem_RegionCalloc(bed.region, 1, 64);

        ck_assert_ptr_nonnull(block);
        for (int k = 0; k < 64; k++) {
            ck_assert_int_eq(block[k], 0);
        }
        memset(block, 0xff, 64);
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    }
    bed_close(&bed);
}
END_TEST

START_TEST(bad_frees_are_refused)
{
    Bed bed = open_variant(_i, SIZE);
    char *block, *other;

    for (size_t size = 8; size <= 1024; size += 40) {
        warm_up(&bed, size);
        block = Mem_RegionAlloc(bed.region, size);
        other = Mem_RegionAlloc(bed.region, size);
        ck_assert_ptr_nonnull(block);
        ck_assert_ptr_nonnull(other);
        checked_refused(&bed, block + 1);
        warm_up(&bed, size);
        if (bed_cost(&bed, size) > 8) {
            checked_refused(&bed, block + 8);
        }
        warm_up(&bed, size);
        checked_refused(&bed, bed.first - 8);
        checked_refused(&bed, (char *)&bed);
        warm_up(&bed, size);
        /* While it waits in a magazine. */
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
        checked_refused(&bed, block);
        ck_assert_int_eq(Mem_RegionFree(bed.region, other), 0);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

static unsigned misuses;
static Mem_Misuse last;

static void note(const Mem_Misuse *misuse, void *context)
{
    (void)context;
    misuses++;
    last = *misuse;
}

START_TEST(second_free_is_reported)
{
    Bed bed = open_variant(_i, SIZE);
    void *block;

    Mem_OnMisuse(note, NULL);
    warm_up(&bed, 100);
    block = Mem_RegionAlloc(bed.region, 100);
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    errno = 0;
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(misuses, 1);
    ck_assert_int_eq((int)last.kind, (int)MEM_MISUSE_FREED);
    ck_assert_ptr_eq(last.pointer, block);
    ck_assert_int_eq(last.block_in_use, 0);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 1);
    bed_close(&bed);
}
END_TEST

/* A block that merely looks as if it were in a magazine is freed all the same. */
START_TEST(a_block_may_look_freed)
{
    Bed bed = open_variant(_i, SIZE);
    uint64_t *block, *other;
    size_t key;

    warm_up(&bed, 64);
    block = Mem_RegionAlloc(bed.region, 64);
    other = Mem_RegionAlloc(bed.region, 64);
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    memcpy(&key, block, sizeof key);
    memcpy(other, &key, sizeof key);
    ck_assert_uint_eq(bed_size(&bed, other), 64);
    memcpy(other, &key, sizeof key);
    ck_assert_int_eq(Mem_RegionFree(bed.region, other), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Threads
 * --------------------------------------------------------------------------------------------- */

typedef struct Worker {
    pthread_t thread;
    const Bed *bed;
    Random source;
    pthread_barrier_t *barrier;
    char **shared;
    size_t number;
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
        workers[i] = (Worker){.bed = bed, .source = {random_next(&source)}, .barrier = barrier};
    }
    if (barrier != NULL) {
        ck_assert_int_eq(pthread_barrier_init(barrier, NULL, THREADS + 1), 0);
    }
}

/* Allocates and frees at random; leaves all that it has in magazines and sleeps. */
static void *fill_magazines(void *argument)
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
                                         8 << random_below(&worker->source, 8));
        }
    }
    for (size_t at = 0; at < 64; at++) {
        worker->failed |= Mem_RegionFree(worker->bed->region, blocks[at]) != 0;
    }
    pthread_barrier_wait(worker->barrier); /* all is free … */
    pthread_barrier_wait(worker->barrier); /* … and was taken whole */
    return NULL;
}

/* Most threads are asleep with full magazines, and one takes all there is. */
START_TEST(sleepers_keep_nothing)
{
    Bed bed = open_variant(_i, SIZE);
    pthread_barrier_t barrier;
    Worker workers[THREADS];
    void *whole;

    prepare(workers, &bed, "sleepers_keep_nothing", _i, &barrier);
    run_all(workers, fill_magazines);
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

/* Each block has its pattern from when it is allocated to when it is freed. Now and then somebody looks at
 * everything, or wants more than there is. */
static void *use(void *argument)
{
    Worker *worker = argument;
    Mem_Region *region = worker->bed->region;
    char *blocks[100] = {0};
    size_t operations = support_operations(60000);

    for (size_t i = 0; i < operations; i++) {
        size_t at = random_below(&worker->source, 100);
        size_t size = 1 + random_scaled(&worker->source, 2000);

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
    return NULL;
}

START_TEST(threads_use_one_region)
{
    Bed bed = open_variant(_i, SIZE);
    Worker workers[THREADS];

    prepare(workers, &bed, "threads_use_one_region", _i, NULL);
    run_all(workers, use);
    join_all(workers);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Blocks of one thread are freed by another. */
enum { MAILBOXES = 512 };

static void *trade(void *argument)
{
    Worker *worker = argument;
    size_t operations = support_operations(200000);

    for (size_t i = 0; i < operations; i++) {
        char *block = NULL;

        if (worker->number % 2 == 0) {
            block = Mem_RegionAlloc(worker->bed->region, 16 << random_below(&worker->source, 4));
        }
        block = __atomic_exchange_n(&worker->shared[random_below(&worker->source, MAILBOXES)],
                                    block, __ATOMIC_ACQ_REL);
        worker->failed |= Mem_RegionFree(worker->bed->region, block) != 0;
    }
    return NULL;
}

START_TEST(threads_free_what_others_allocated)
{
    Bed bed = open_variant(_i, SIZE);
    char *mailboxes[MAILBOXES] = {0};
    Worker workers[THREADS];

    prepare(workers, &bed, "threads_free_what_others_allocated", _i, NULL);
    for (int i = 0; i < THREADS; i++) {
        workers[i].shared = mailboxes;
    }
    run_all(workers, trade);
    join_all(workers);
    ck_assert(free_all(&bed, mailboxes, MAILBOXES));
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

static void *live_shortly(void *argument)
{
    Worker *worker = argument;
    char *blocks[8];

    for (int i = 0; i < 2 * WARM; i++) {
        blocks[i % 8] = Mem_RegionAlloc(worker->bed->region, (size_t)16 << i % 8);
        if (i % 8 == 7) {
            worker->failed |= !free_all(worker->bed, blocks, 8);
        }
    }
    return NULL;
}

/* Threads that end leave nothing behind. */
START_TEST(threads_come_and_go)
{
    Bed bed = open_variant(_i, SIZE);
    Worker workers[THREADS];
    size_t rounds = 1 + support_operations(100);

    for (size_t round = 0; round < rounds; round++) {
        prepare(workers, &bed, "threads_come_and_go", _i, NULL);
        run_all(workers, live_shortly);
        join_all(workers);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* More regions than a thread has a short way to. */
START_TEST(many_regions)
{
    enum { REGIONS = 40 };
    Bed beds[REGIONS];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < REGIONS; i++) {
            beds[i] = open_variant(_i, SIZE);
        }
        for (int i = 0; i < REGIONS; i++) {
            warm_up(&beds[i], 56);
        }
        for (int i = 0; i < REGIONS; i++) {
            checked_empty(&beds[i]);
            bed_close(&beds[i]);
        }
    }
}
END_TEST

START_TEST(reset_empties_magazines)
{
    Bed bed = open_variant(_i, SIZE);

    for (int round = 0; round < 3; round++) {
        warm_up(&bed, 200);
        ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, 200));
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        checked_empty(&bed);
    }
    bed_close(&bed);
}
END_TEST

/* A child has what its lost threads had in magazines. */
START_TEST(fork_loses_nothing)
{
    Bed bed = open_variant(_i, SIZE);
    pthread_barrier_t barrier;
    Worker workers[THREADS];
    int status;
    pid_t child;

    prepare(workers, &bed, "fork_loses_nothing", _i, &barrier);
    run_all(workers, fill_magazines);
    pthread_barrier_wait(&barrier);
    child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0) {
        void *whole = Mem_RegionAlloc(bed.region, bed.capacity);

        _exit(whole == NULL ? 1 : Mem_RegionFree(bed.region, whole) != 0 ? 2 : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    pthread_barrier_wait(&barrier);
    join_all(workers);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* While threads allocate. */
START_TEST(fork_in_the_midst)
{
    Bed bed = open_variant(_i, SIZE);
    Worker workers[THREADS];

    prepare(workers, &bed, "fork_in_the_midst", _i, NULL);
    run_all(workers, use);
    for (int round = 0; round < 20; round++) {
        int status;
        pid_t child = fork();

        ck_assert_int_ne(child, -1);
        if (child == 0) {
            alarm(100);
            for (int i = 0; i < 2 * WARM; i++) {
                void *block = Mem_RegionAlloc(bed.region, 100);

                if (block == NULL || Mem_RegionFree(bed.region, block) != 0) {
                    _exit(1);
                }
            }
            _exit(Mem_RegionCheck(bed.region) == 0 ? 0 : 2);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    join_all(workers);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("magazines");

    tcase_add_test(tests, few_calls_are_exact);
    tcase_add_loop_test(tests, all_is_free_in_the_end, 0, VARIANTS);
    tcase_add_loop_test(tests, many_of_one_size, 0, VARIANTS);
    tcase_add_test(tests, large_region);
    tcase_add_loop_test(tests, calls_are_counted, 0, VARIANTS);
    tcase_add_loop_test(tests, calloc_clears, 0, VARIANTS);
    tcase_add_loop_test(tests, bad_frees_are_refused, 0, VARIANTS);
    tcase_add_loop_test(tests, second_free_is_reported, 0, VARIANTS);
    tcase_add_loop_test(tests, a_block_may_look_freed, 0, VARIANTS);
    tcase_add_loop_test(tests, sleepers_keep_nothing, 0, VARIANTS);
    tcase_add_loop_test(tests, threads_use_one_region, 0, VARIANTS);
    tcase_add_loop_test(tests, threads_free_what_others_allocated, 0, VARIANTS);
    tcase_add_loop_test(tests, threads_come_and_go, 0, VARIANTS);
    tcase_add_loop_test(tests, many_regions, 0, VARIANTS);
    tcase_add_loop_test(tests, reset_empties_magazines, 0, VARIANTS);
    tcase_add_loop_test(tests, fork_loses_nothing, 0, VARIANTS);
    tcase_add_loop_test(tests, fork_in_the_midst, 0, VARIANTS);
    return support_end();
}
