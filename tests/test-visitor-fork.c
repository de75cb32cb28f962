/* SPDX-License-Identifier: MIT
 *
 * Forks by a visitor of Mem_Walk, and by others while it is at work. Check ends a test that hangs,
 * and an alarm a child. */
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

/* Returns whether a region can be used. */
static bool use_region(const Bed *bed)
{
    void *block = Mem_RegionAlloc(bed->region, 100);

    return block != NULL && Mem_RegionFree(bed->region, block) == 0 &&
           Mem_RegionCheck(bed->region) == 0;
}

/* Forks. The child uses a region and forks again. Returns whether it ended well. */
static bool fork_and_wait(const Bed *bed)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        pid_t grandchild;

        signal(SIGALRM, SIG_DFL);
        alarm(HANGS_AFTER);
        if (!use_region(bed)) {
            support_end_child(1);
        }
        grandchild = fork();
        if (grandchild == 0) {
            support_end_child(use_region(bed) ? 0 : 2);
        }
        support_end_child(waitpid(grandchild, &status, 0) == grandchild && status == 0 ? 0 : 3);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* Forks until told to stop, or a child fails; returns the region in that case. Allocates nothing,
 * and so uses nothing of Check: children of other threads start threads, and AddressSanitizer does
 * not release in a child what its malloc() has locked here. */
static void *fork_on(void *bed)
{
    bool done = true;

    while (done && !is_raised(&forks_stop)) {
        done = fork_and_wait(bed);
    }
    return done ? NULL : bed;
}

typedef struct Forking {
    Bed *bed;
    size_t visits;
    size_t bytes;
    pid_t child;
    pthread_t thread; /* the child's thread */
    bool used;        /* it has used the region */
} Forking;

static void *use_in_child(void *argument)
{
    Forking *forking = argument;

    use_region(forking->bed);
    raise_flag(&forking->used);
    return NULL;
}

static int fork_in_the_midst(const Mem_Block *block, void *context)
{
    Forking *forking = context;

    if (++forking->visits == VISITED_BLOCKS / 2) {
        forking->child = fork();
        if (forking->child == 0) {
            signal(SIGALRM, SIG_DFL);
            alarm(HANGS_AFTER);
            if (pthread_create(&forking->thread, NULL, use_in_child, forking) != 0) {
                support_end_child(3);
            }
            sleep_us(2000);
        }
    }
    if (is_raised(&forking->used)) { /* by a thread that should wait for the walk */
        support_end_child(4);
    }
    forking->bytes += block->size;
    return 0;
}

/* Ends a child: the walk goes on there, and afterwards the region can be used; so can regions that
 * are not walked. */
static void end_child(Forking *forking, Bed *other)
{
    bool sound = pthread_join(forking->thread, NULL) == 0 && forking->used &&
                 use_region(forking->bed) && use_region(other) && fork_and_wait(other);

    support_end_child(sound ? 0 : 2);
}

static void walk_and_fork(Bed *bed, Bed *other)
{
    Forking forking = {.bed = bed};
    int status;
    bool whole = bed_walk(bed, fork_in_the_midst, &forking) == 0 && forking.bytes == bed->capacity;

    if (forking.child == 0) {
        if (!whole) {
            support_end_child(1);
        }
        end_child(&forking, other);
    }
    ck_assert(whole);
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
        support_run_thread(&threads[i], fork_on, &other);
    }
    for (size_t i = 0; i < support_operations(8); i++) {
        walk_and_fork(&bed, &other);
        checked_free(&bed, checked_alloc(&bed, 100));
    }
    raise_flag(&forks_stop);
    for (int i = 0; i < 2; i++) {
        void *failed;

        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    walk_and_fork(&bed, &other);
    bed_close(&other);
    bed_close(&bed);
}
END_TEST

typedef struct Once {
    Bed *bed;
    size_t visits;
    bool done;
} Once;

static void *fork_once(void *argument)
{
    Once *once = argument;

    once->done = fork_and_wait(once->bed);
    return NULL;
}

/* Waits for a fork, which does not wait for the walk. */
static int wait_for_a_fork(const Mem_Block *block, void *context)
{
    pthread_t thread;
    Once *once = context;

    (void)block;
    once->done = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, fork_once, once), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(once->done);
    return ++once->visits == 3;
}

START_TEST(visitor_waits_for_a_fork)
{
    Bed bed = visited_open(_i);
    Once once = {.bed = &bed};

    ck_assert_int_eq(bed_walk(&bed, wait_for_a_fork, &once), 1);
    ck_assert_uint_eq(once.visits, 3);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Handlers of fork()
 * --------------------------------------------------------------------------------------------- */

/* Sanitizers do not allow calls before they have started. */
#if !SANITIZED

/* For handlers of fork() that use a region, before the fork or in the child, while another thread
 * walks it. */
static struct {
    Bed *bed; /* NULL: do nothing */
    bool only_child;
    bool forks, walks, saw_walk;
    size_t visits; /* visits still to come */
} handled;

static void use_before_fork(void)
{
    if (handled.bed == NULL) {
        return;
    }
    raise_flag(&handled.forks);
    if (!handled.only_child) {
        if (!use_region(handled.bed)) {
            _exit(20);
        }
        if (is_raised(&handled.walks)) {
            raise_flag(&handled.saw_walk);
        }
    }
}

static void use_behind_fork(void)
{
    if (handled.bed != NULL) {
        /* The walking thread does not exist here, and the next fork waits for none. */
        lower_flag(&handled.walks);
        handled.only_child = false;
        if (!use_region(handled.bed)) {
            _exit(21);
        }
    }
}

static void watch_forks(void)
{
    pthread_atfork(use_before_fork, NULL, use_behind_fork);
}

/* Runs before the library watches forks, so these handlers run within the library's. */
__attribute__((__section__(".preinit_array"),
               __used__)) static void (*const watch_early)(void) = watch_forks;

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
        lower_flag(&handled.walks);
    }
    return 0;
}

static void *fork_amid_the_walk(void *once)
{
    wait_until(&handled.walks);
    return fork_once(once);
}

static void fork_with_handlers(Bed *bed, bool only_child)
{
    Mem_Stats stats = bed_stats(bed);
    Once once = {.bed = bed};
    pthread_t thread;

    handled.visits = stats.blocks_in_use + stats.blocks_free;
    handled.forks = handled.walks = handled.saw_walk = false;
    handled.only_child = only_child;
    handled.bed = bed;
    ck_assert_int_eq(pthread_create(&thread, NULL, fork_amid_the_walk, &once), 0);
    ck_assert_int_eq(bed_walk(bed, walk_until_a_fork, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    handled.bed = NULL;
    ck_assert(once.done);
    ck_assert_uint_eq(handled.visits, 0);
    ck_assert(!handled.saw_walk);
    checked_sound(bed);
}

/* Handlers before a fork wait for the walk; those in the child have nothing to wait for. */
START_TEST(handlers_of_fork_wait_for_a_walk)
{
    Bed bed = visited_open(_i);

    fork_with_handlers(&bed, false);
    fork_with_handlers(&bed, true);
    bed_close(&bed);
}
END_TEST

#endif

int main(void)
{
    TCase *tests = support_begin("visitor-fork");

    tcase_add_loop_test(tests, visitor_waits_for_a_fork, 0, KIND_CACHED + 1);
    for (int kind = 0; kind <= KIND_CACHED; kind++) {
        if (kind != KIND_UNLOCKED) {
            if (!SANITIZED_THREADS) {
                tcase_add_loop_test(tests, visitor_forks_amid_forks, kind, kind + 1);
            }
#if !SANITIZED
            tcase_add_loop_test(tests, handlers_of_fork_wait_for_a_walk, kind, kind + 1);
#endif
        }
    }
    if (SANITIZED_THREADS) {
        support_skip("Thread Sanitizer allows for no threads in a child of threads");
    }
#if SANITIZED
    support_skip("nothing can be called before the library is loaded, with a sanitizer");
#endif
    return support_end();
}
