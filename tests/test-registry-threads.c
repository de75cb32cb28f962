/* SPDX-License-Identifier: MIT
 *
 * Mem_RegionOf and Mem_Regions while other threads create and destroy regions, fork, and end in a
 * visitor. Check ends a test that hangs. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { SIZE = 1 << 14, THREADS = 4 };

static bool stop;

static bool has_to_stop(void)
{
    return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Creates regions, mapped and inside one another, finds them, and destroys them. */
static void *come_and_go(void *argument)
{
    unsigned *rounds = argument;

    while (!has_to_stop()) {
        Mem_Region *outer = Mem_RegionCreate(4 * SIZE, &(Mem_Options){.name = "outer"});
        char *memory = Mem_RegionAlloc(outer, SIZE);
        Mem_Region *inner = Mem_RegionCreateAt(memory, SIZE, NULL);
        char *block = Mem_RegionAlloc(inner, 10);

        ck_assert_ptr_eq(Mem_RegionOf(block), inner);
        ck_assert_ptr_eq(Mem_RegionOf(memory), outer);
        ck_assert_int_eq(Mem_RegionDestroy(inner), 0);
        ck_assert_ptr_eq(Mem_RegionOf(block), outer);
        ck_assert_int_eq(Mem_RegionDestroy(outer), 0);
        __atomic_add_fetch(rounds, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Uses the visited region, which is not destroyed meanwhile. */
static int use(Mem_Region *region, void *context)
{
    void *block = Mem_RegionAlloc(region, 8);

    ck_assert_ptr_nonnull(block);
    ck_assert_int_eq(Mem_RegionFree(region, block), 0);
    ck_assert_int_eq(Mem_RegionCheck(region), 0);
    __atomic_add_fetch((unsigned *)context, 1, __ATOMIC_RELAXED);
    return 0;
}

static void *look(void *argument)
{
    unsigned *visits = argument;

    while (!has_to_stop()) {
        ck_assert_int_eq(Mem_Regions(use, visits), 0);
    }
    return NULL;
}

START_TEST(regions_come_and_go_while_others_look)
{
    pthread_t threads[THREADS + 2];
    unsigned rounds[THREADS + 2] = {0};
    Mem_Region *stays = Mem_RegionCreate(SIZE, NULL);
    void *block = Mem_RegionAlloc(stays, 10);
    size_t asked = 0;

    for (int i = 0; i < THREADS + 2; i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, i < THREADS ? come_and_go : look, &rounds[i]), 0);
    }
    for (int i = 0; i < THREADS + 2; i++) {
        while (__atomic_load_n(&rounds[i], __ATOMIC_RELAXED) < (i < THREADS ? 100u : 0u)) {
            ck_assert_ptr_eq(Mem_RegionOf(block), stays);
            asked++;
        }
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS + 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_uint_gt(asked, 0);
    ck_assert_uint_gt(rounds[THREADS] + rounds[THREADS + 1], 0);
    ck_assert_int_eq(Mem_RegionDestroy(stays), 0);
}
END_TEST

static int count(Mem_Region *region, void *context)
{
    (void)region;
    ++*(unsigned *)context;
    return 0;
}

/* Runs in a child: it has all regions, and may visit, create and destroy some. */
static void use_in_child(Mem_Region *stays, void *block)
{
    unsigned visits = 0;
    bool as_expected = Mem_RegionOf(block) == stays && Mem_Regions(count, &visits) == 0 &&
                       visits >= 1 && Mem_RegionDestroy(stays) == 0 && Mem_RegionOf(block) == NULL;

    support_end_child(as_expected ? 0 : 1);
}

START_TEST(forks_while_others_look)
{
    pthread_t threads[4];
    unsigned rounds[4] = {0};
    Mem_Region *stays = Mem_RegionCreate(SIZE, NULL);
    void *block = Mem_RegionAlloc(stays, 10);

    for (int i = 0; i < 4; i++) {
        support_run_thread(&threads[i], i < 2 ? come_and_go : look, &rounds[i]);
    }
    for (size_t i = 0; i < 50 * support_times(); i++) {
        pid_t child = fork();
        int status;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            use_in_child(stays, block);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
}
END_TEST

/* Forks in a visitor: the visit goes on in both processes, and afterwards regions can be destroyed
 * in the child. */
static int fork_once(Mem_Region *region, void *context)
{
    pid_t *child = context;

    (void)region;
    if (*child == -1) {
        *child = fork();
        ck_assert_int_ge(*child, 0);
    }
    return 0;
}

START_TEST(visitor_forks)
{
    Mem_Region *region = Mem_RegionCreate(SIZE, NULL);
    pid_t child = -1;
    int status;

    if (_i == 1) {
        support_start_thread();
    }
    ck_assert_int_eq(Mem_Regions(fork_once, &child), 0);
    if (child == 0) {
        support_end_child(Mem_RegionDestroy(region) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

static int leave(Mem_Region *region, void *context)
{
    (void)region;
    pthread_exit(context);
}

static void *visit_and_leave(void *argument)
{
    Mem_Regions(leave, argument);
    return NULL;
}

static void *destroy(void *argument)
{
    return Mem_RegionDestroy(argument) == 0 ? argument : NULL;
}

/* A thread that ends in a visitor does not keep regions from being destroyed. */
START_TEST(visitor_ends_its_thread)
{
    Mem_Region *region = Mem_RegionCreate(SIZE, NULL);
    pthread_t thread;
    void *result;

    ck_assert_int_eq(pthread_create(&thread, NULL, visit_and_leave, region), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, region);
    ck_assert_int_eq(pthread_create(&thread, NULL, destroy, region), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, region);
}
END_TEST

/* One thread visits; another one wants to destroy the region, and waits until the visitor
 * returns. */
typedef struct Waiting {
    pthread_t thread;
    bool started, destroyed;
    Mem_Region *region;
} Waiting;

static void *destroy_late(void *argument)
{
    Waiting *waiting = argument;

    ck_assert_int_eq(Mem_RegionDestroy(waiting->region), 0);
    __atomic_store_n(&waiting->destroyed, true, __ATOMIC_RELEASE);
    return NULL;
}

static int start_destroying(Mem_Region *region, void *context)
{
    Waiting *waiting = context;

    if (region == waiting->region && !waiting->started) {
        waiting->started = true;
        ck_assert_int_eq(pthread_create(&waiting->thread, NULL, destroy_late, waiting), 0);
    }
    for (int i = 0; i < 50; i++) {
        usleep(1000);
        ck_assert(!__atomic_load_n(&waiting->destroyed, __ATOMIC_ACQUIRE));
    }
    ck_assert_int_eq(Mem_RegionCheck(region), 0);
    return 0;
}

START_TEST(destroying_waits_for_the_visit)
{
    Waiting waiting = {.region = Mem_RegionCreate(SIZE, NULL)};
    Mem_Region *other = Mem_RegionCreate(SIZE, NULL);

    ck_assert_int_eq(Mem_Regions(start_destroying, &waiting), 0);
    ck_assert_int_eq(pthread_join(waiting.thread, NULL), 0);
    ck_assert(waiting.destroyed);
    ck_assert_int_eq(Mem_RegionDestroy(other), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("registry-threads");

    tcase_add_test(tests, regions_come_and_go_while_others_look);
    tcase_add_test(tests, forks_while_others_look);
    tcase_add_loop_test(tests, visitor_forks, 0, 2);
    tcase_add_test(tests, visitor_ends_its_thread);
    tcase_add_test(tests, destroying_waits_for_the_visit);
    return support_end();
}
