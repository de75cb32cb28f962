/* SPDX-License-Identifier: MIT
 *
 * Forks of a visitor of Mem_Walk, and of others while it is at work. What would never end is ended by Check, and
 * children by an alarm. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitized.h"
#include "visited.h"

enum { HANGS_AFTER = 300 };

/* ------------------------------------------------------------------------------------------------
 * The visitor forks, or waits for a thread that does
 * --------------------------------------------------------------------------------------------- */

static bool forks_stop;

/* Forks, and tells whether the child ended well. */
static bool fork_and_wait(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        support_end_child(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void *fork_on(void *unused)
{
    while (!is_raised(&forks_stop)) {
        ck_assert(fork_and_wait());
    }
    return unused;
}

typedef struct Forking {
    size_t visits;
    size_t bytes;
    pid_t child;
} Forking;

static int fork_in_the_midst(const Mem_Block *block, void *context)
{
    Forking *forking = context;

    if (++forking->visits == VISITED_BLOCKS / 2) {
        forking->child = fork();
        if (forking->child == 0) {
            signal(SIGALRM, SIG_DFL);
            alarm(HANGS_AFTER);
        }
    }
    forking->bytes += block->size;
    return 0;
}

/* The walk goes on in the child, and the region can be used when it is over; so can those that are not walked. */
static void end_child(Bed *bed, Bed *other, bool whole)
{
    void *block;

    if (!whole) {
        support_end_child(1);
    }
    block = Mem_RegionAlloc(bed->region, 100);
    if (block == NULL || Mem_RegionFree(bed->region, block) != 0 ||
        Mem_RegionCheck(bed->region) != 0 || Mem_RegionAlloc(other->region, 100) == NULL ||
        Mem_RegionCheck(other->region) != 0 || !fork_and_wait()) {
        support_end_child(2);
    }
    support_end_child(0);
}

static void walk_and_fork(Bed *bed, Bed *other)
{
    Forking forking = {.visits = 0};
    int status;

    if (bed_walk(bed, fork_in_the_midst, &forking) != 0 || forking.bytes != bed->capacity) {
        forking.bytes = 0;
    }
    if (forking.child == 0) {
        end_child(bed, other, forking.bytes != 0);
    }
    ck_assert_uint_ne(forking.bytes, 0);
    ck_assert_int_eq(waitpid(forking.child, &status, 0), forking.child);
    ck_assert_int_eq(status, 0);
    checked_sound(bed);
}

START_TEST(visitor_forks_amid_forks)
{
    Bed bed = visited_open(_i);
    Bed other = visited_open(KIND_MAPPED);
    pthread_t threads[2];

    walk_and_fork(&bed, &other);
    forks_stop = false;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, fork_on, NULL), 0);
    }
    for (size_t i = 0; i < support_operations(20); i++) {
        walk_and_fork(&bed, &other);
        checked_free(&bed, checked_alloc(&bed, 100));
    }
    raise_flag(&forks_stop);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    walk_and_fork(&bed, &other);
    bed_close(&other);
    bed_close(&bed);
}
END_TEST

static void *fork_once(void *result)
{
    *(bool *)result = fork_and_wait();
    return NULL;
}

/* The fork does not wait for the walk, which waits for it. */
static int wait_for_a_fork(const Mem_Block *block, void *context)
{
    pthread_t thread;
    bool done = false;

    (void)block;
    ck_assert_int_eq(pthread_create(&thread, NULL, fork_once, &done), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(done);
    ++*(size_t *)context;
    return *(size_t *)context == 3;
}

START_TEST(visitor_waits_for_a_fork)
{
    Bed bed = visited_open(_i);
    size_t visits = 0;

    ck_assert_int_eq(bed_walk(&bed, wait_for_a_fork, &visits), 1);
    ck_assert_uint_eq(visits, 3);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Handlers of fork()
 * --------------------------------------------------------------------------------------------- */

/* A handler of fork() that uses a region, in the parent and in the child, while another thread walks it. */
static struct {
    Bed *bed; /* NULL: nothing is to be done */
    bool forks, walks, saw_walk;
    size_t visits; /* to come */
} handled;

static void use_in_handler(void)
{
    if (handled.bed == NULL) {
        return;
    }
    raise_flag(&handled.forks);
    if (Mem_RegionFree(handled.bed->region, Mem_RegionAlloc(handled.bed->region, 4000)) != 0 ||
        Mem_RegionCheck(handled.bed->region) != 0) {
        _exit(20);
    }
    if (is_raised(&handled.walks)) {
        raise_flag(&handled.saw_walk);
    }
}

static void use_in_child(void)
{
    if (handled.bed != NULL &&
        (Mem_RegionFree(handled.bed->region, Mem_RegionAlloc(handled.bed->region, 4000)) != 0 ||
         Mem_RegionCheck(handled.bed->region) != 0)) {
        _exit(21);
    }
}

static void watch_forks(void)
{
    pthread_atfork(use_in_handler, NULL, use_in_child);
}

#if !SANITIZED
/* Before the library does, and so within its handlers. */
__attribute__((__section__(".preinit_array"),
               __used__)) static void (*const watch_early)(void) = watch_forks;
#endif

static int walk_until_a_fork(const Mem_Block *block, void *context)
{
    (void)block;
    (void)context;
    if (!is_raised(&handled.forks)) {
        raise_flag(&handled.walks);
        wait_until(&handled.forks);
    }
    sleep_us(1000);
    if (--handled.visits == 0) {
        __atomic_store_n(&handled.walks, false, __ATOMIC_SEQ_CST);
    }
    return 0;
}

static void *fork_amid_the_walk(void *result)
{
    wait_until(&handled.walks);
    return fork_once(result);
}

START_TEST(handlers_of_fork_wait_for_a_walk)
{
    Bed bed = visited_open(_i);
    pthread_t thread;
    Mem_Stats stats = bed_stats(&bed);
    bool done = false;

    handled.bed = &bed;
    handled.visits = stats.blocks_in_use + stats.blocks_free;
    handled.forks = handled.walks = handled.saw_walk = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, fork_amid_the_walk, &done), 0);
    ck_assert_int_eq(bed_walk(&bed, walk_until_a_fork, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    handled.bed = NULL;
    ck_assert(done);
    ck_assert_uint_eq(handled.visits, 0);
    ck_assert(!handled.saw_walk);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("visitor-fork");

    tcase_add_loop_test(tests, visitor_forks_amid_forks, 0, KIND_CACHED + 1);
    tcase_add_loop_test(tests, visitor_waits_for_a_fork, 0, KIND_CACHED + 1);
    for (int kind = 0; kind <= KIND_CACHED; kind++) {
        if (kind != KIND_UNLOCKED) {
            tcase_add_loop_test(tests, handlers_of_fork_wait_for_a_walk, kind, kind + 1);
        }
    }
    return support_end();
}
