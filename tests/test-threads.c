/* SPDX-License-Identifier: MIT
 *
 * Eight threads, on one region and on several, with blocks freed by other threads than those that
 * allocated them. Run it with ThreadSanitizer, too. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "checked.h"

enum { THREADS = 8, SLOTS = 48, MAILBOXES = 16, SIZE = 1 << 17 };

/* The argument of each thread. */
typedef struct Worker {
    pthread_t thread;
    Bed *bed;
    Random source;
    size_t operations;
    size_t result;
    struct Exchange *exchange;
} Worker;

/* Blocks that one thread leaves for another. */
typedef struct Exchange {
    void *mailboxes[MAILBOXES];
} Exchange;

static void run_all(Worker *workers, void *(*work)(void *))
{
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    }
}

static void prepare(Worker *workers, Bed *beds, size_t bed_count, const char *test, int variant)
{
    Random source = support_random(test, variant);

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (Worker){.bed = &beds[(size_t)i % bed_count],
                              .source = {random_next(&source)},
                              .operations = support_operations(16000) / THREADS};
    }
}

/* Does any operation on a slot. */
static void *operate(Worker *worker, void *block)
{
    const Bed *bed = worker->bed;
    size_t size = random_scaled(&worker->source, 4000);
    void *resized;

    if (block == NULL) {
        switch (random_below(&worker->source, 4)) {
        case 0:
            return checked_calloc(bed, 1, size);
        case 1:
            return checked_aligned_alloc(bed, (size_t)1 << random_below(&worker->source, 9), size);
        default:
            return checked_alloc(bed, size);
        }
    }
    if (random_below(&worker->source, 3) == 0) {
        resized = checked_realloc(bed, block, size);
        return resized != NULL ? resized : block;
    }
    checked_free(bed, block);
    return NULL;
}

static void *churn(void *argument)
{
    Worker *worker = argument;
    void *blocks[SLOTS] = {0};

    for (size_t i = 0; i < worker->operations; i++) {
        size_t slot = random_below(&worker->source, SLOTS);

        blocks[slot] = operate(worker, blocks[slot]);
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        checked_free(worker->bed, blocks[slot]);
    }
    return NULL;
}

/* Puts new blocks into mailboxes, and frees those that it finds there. */
static void *trade(void *argument)
{
    Worker *worker = argument;

    for (size_t i = 0; i < worker->operations; i++) {
        size_t box = random_below(&worker->source, MAILBOXES);
        void *block = operate(worker, NULL);

        block = __atomic_exchange_n(&worker->exchange->mailboxes[box], block, __ATOMIC_ACQ_REL);
        if (block != NULL && random_below(&worker->source, 2) == 0) {
            block = operate(worker, block);
        }
        checked_free(worker->bed, block);
    }
    return NULL;
}

START_TEST(threads_on_one_region)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Worker workers[THREADS];

    bed.is_shared = true;
    prepare(workers, &bed, 1, "threads_on_one_region", _i);
    run_all(workers, churn);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

START_TEST(threads_on_several_regions)
{
    Bed beds[3];
    Worker workers[THREADS];

    for (int i = 0; i < 3; i++) {
        beds[i] = bed_open(i == 0 ? KIND_DEFAULT : i == 1 ? KIND_INSIDE_64 : KIND_MAPPED_16, SIZE);
        beds[i].is_shared = true;
    }
    prepare(workers, beds, 3, "threads_on_several_regions", _i);
    run_all(workers, churn);
    for (int i = 0; i < 3; i++) {
        checked_empty(&beds[i]);
        bed_close(&beds[i]);
    }
}
END_TEST

START_TEST(threads_free_what_others_allocated)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Exchange exchange = {{0}};
    Worker workers[THREADS];

    bed.is_shared = true;
    prepare(workers, &bed, 1, "threads_free_what_others_allocated", _i);
    for (int i = 0; i < THREADS; i++) {
        workers[i].exchange = &exchange;
    }
    run_all(workers, trade);
    for (int i = 0; i < MAILBOXES; i++) {
        checked_free(&bed, exchange.mailboxes[i]);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Gives each thread a region that only it uses, creates and destroys; some regions need no
 * locks. */
static void *use_own_region(void *argument)
{
    Worker *worker = argument;
    size_t operations = worker->operations;

    worker->operations = 50;
    for (size_t i = 0; i < operations; i += 50) {
        Mem_Options options = {.flags = i % 100 == 0 ? MEM_UNLOCKED : 0};
        Bed bed = {.alignment = UNIT, .region = Mem_RegionCreate(SIZE / 4, &options)};

        if (bed.region == NULL) {
            worker->result++;
            return NULL;
        }
        bed.first = Mem_RegionAlloc(bed.region, 8);
        Mem_RegionFree(bed.region, bed.first);
        bed.capacity = bed_stats(&bed).capacity;
        worker->bed = &bed;
        churn(worker);
        worker->result += (size_t)(Mem_RegionDestroy(bed.region) != 0);
    }
    return NULL;
}

START_TEST(threads_with_regions_of_their_own)
{
    Worker workers[THREADS];
    Bed bed = {0};

    prepare(workers, &bed, 1, "threads_with_regions_of_their_own", _i);
    run_all(workers, use_own_region);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_uint_eq(workers[i].result, 0);
    }
}
END_TEST

/* Many threads create or destroy the default region at once, and one succeeds. */
static void *try_init(void *argument)
{
    Worker *worker = argument;

    if (Mem_Init(SIZE) == 0) {
        worker->result = 1;
    } else if (errno != EBUSY) {
        worker->result = 100;
    }
    return NULL;
}

static void *try_exit(void *argument)
{
    Worker *worker = argument;

    if (Mem_Exit() == 0) {
        worker->result = 1;
    } else if (errno != EINVAL) {
        worker->result = 100;
    }
    return NULL;
}

static size_t sum_of_results(const Worker *workers)
{
    size_t sum = 0;

    for (int i = 0; i < THREADS; i++) {
        sum += workers[i].result;
    }
    return sum;
}

START_TEST(threads_init_at_once)
{
    for (int round = 0; round < 50; round++) {
        Worker starters[THREADS] = {{0}};
        Worker enders[THREADS] = {{0}};

        run_all(starters, try_init);
        ck_assert_uint_eq(sum_of_results(starters), 1);
        run_all(enders, try_exit);
        ck_assert_uint_eq(sum_of_results(enders), 1);
    }
}
END_TEST

static int count_block(const Mem_Block *block, void *context)
{
    *(size_t *)context += block->size;
    return 0;
}

/* Looks at the region in every way while others change it. */
static void *look(void *argument)
{
    Worker *worker = argument;
    Mem_Region *region = worker->bed->region;

    for (size_t i = 0; i < worker->operations / 20; i++) {
        FILE *stream = fopen("/dev/null", "w");
        size_t sum = 0;
        Mem_Stats stats = bed_stats(worker->bed);

        worker->result += stats.bytes_in_use + stats.bytes_free != stats.capacity;
        bed_walk(worker->bed, count_block, &sum);
        worker->result += sum != stats.capacity;
        worker->result += Mem_RegionDump(region, stream, (Mem_Format)(i % 2)) != 0;
        fclose(stream);
        checked_sound(worker->bed);
    }
    return NULL;
}

static void *churn_or_look(void *argument)
{
    Worker *worker = argument;

    return worker->result == 1 ? (worker->result = 0, look(worker)) : churn(worker);
}

START_TEST(threads_look_while_others_change)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Worker workers[THREADS];

    bed.is_shared = true;
    prepare(workers, &bed, 1, "threads_look_while_others_change", _i);
    for (int i = 0; i < THREADS; i++) {
        workers[i].result = i % 2 == 0;
    }
    run_all(workers, churn_or_look);
    ck_assert_uint_eq(sum_of_results(workers), 0);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

static void count_misuse(const Mem_Misuse *misuse, void *context)
{
    (void)misuse;
    __atomic_fetch_add((size_t *)context, 1, __ATOMIC_RELAXED);
}

static void *misuse(void *argument)
{
    Worker *worker = argument;
    char local[8];

    for (size_t i = 0; i < worker->operations; i++) {
        worker->result += Mem_RegionFree(worker->bed->region, local) != -1;
        worker->result += errno != EINVAL;
        checked_free(worker->bed, checked_alloc(worker->bed, i % 500));
    }
    return NULL;
}

START_TEST(threads_misuse_at_once)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Worker workers[THREADS];
    size_t count = 0;

    bed.is_shared = true;
    Mem_OnMisuse(count_misuse, &count);
    prepare(workers, &bed, 1, "threads_misuse_at_once", _i);
    run_all(workers, misuse);
    Mem_OnMisuse(NULL, NULL);
    ck_assert_uint_eq(sum_of_results(workers), 0);
    ck_assert_uint_eq(count, THREADS * workers[0].operations);
    ck_assert_uint_eq(bed_stats(&bed).misuses, count);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Blocks from before there were threads. */
START_TEST(threads_take_over)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    Exchange exchange = {{0}};
    Worker workers[THREADS];

    for (int i = 0; i < MAILBOXES; i++) {
        exchange.mailboxes[i] = checked_alloc(&bed, (size_t)i * 100);
    }
    bed.is_shared = true;
    prepare(workers, &bed, 1, "threads_take_over", _i);
    for (int i = 0; i < THREADS; i++) {
        workers[i].exchange = &exchange;
        workers[i].operations /= 4;
    }
    run_all(workers, trade);
    bed.is_shared = false;
    for (int i = 0; i < MAILBOXES; i++) {
        checked_free(&bed, exchange.mailboxes[i]);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("threads");

    /* All kinds except KIND_UNLOCKED, which is for one thread. */
    for (int kind = 0; kind <= KIND_CACHED; kind++) {
        if (kind != KIND_UNLOCKED) {
            tcase_add_loop_test(tests, threads_on_one_region, kind, kind + 1);
            tcase_add_loop_test(tests, threads_free_what_others_allocated, kind, kind + 1);
            tcase_add_loop_test(tests, threads_look_while_others_change, kind, kind + 1);
            tcase_add_loop_test(tests, threads_misuse_at_once, kind, kind + 1);
            tcase_add_loop_test(tests, threads_take_over, kind, kind + 1);
        }
    }
    tcase_add_test(tests, threads_on_several_regions);
    tcase_add_test(tests, threads_with_regions_of_their_own);
    tcase_add_test(tests, threads_init_at_once);
    return support_end();
}
