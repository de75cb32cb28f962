/* SPDX-License-Identifier: MIT
 *
 * Threads of real-time priority: none waits for one of lower priority in a way that keeps it from
 * running. An alarm ends a test that hangs. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checked.h"

enum { SIZE = 1 << 20, HANGS_AFTER = 60, LOW = 10, HIGH = 20, HIGHEST = 30, ROUNDS = 1500 };

static Mem_Region *region;

static void sleep_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

/* Gives the calling thread a priority. Returns false if the system refuses. */
static bool become(int priority)
{
    struct sched_param parameter = {.sched_priority = priority};

    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter) == 0;
}

/* Makes all later threads run on the first processor. */
static bool use_one_processor(void)
{
    cpu_set_t set, one;

    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return false;
    }
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &set)) {
            CPU_ZERO(&one);
            CPU_SET(i, &one);
            return sched_setaffinity(0, sizeof one, &one) == 0;
        }
    }
    return false;
}

/* Each block is the best fit, and freed memory goes to the heap at once. */
START_TEST(has_no_caches)
{
    Mem_Options options = {.flags = MEM_REALTIME};
    Bed bed = {.alignment = UNIT};
    char *block;

    support_cache(true);
    bed.region = Mem_RegionCreate(SIZE, &options);
    ck_assert_ptr_nonnull(bed.region);
    bed.first = Mem_RegionAlloc(bed.region, 1);
    bed.capacity = bed_stats(&bed).capacity;
    ck_assert_int_eq(Mem_RegionFree(bed.region, bed.first), 0);
    for (int i = 0; i < 3000; i++) {
        block = checked_alloc(&bed, 64);
        ck_assert_ptr_eq(block, bed.first);
        checked_free(&bed, block);
        memset(block + 16, i, 48);
        ck_assert_int_eq(Mem_RegionFree(bed.region, block), -1);
    }
    bed_close(&bed);
}
END_TEST

static bool use_region(void)
{
    for (int i = 0; i < 100; i++) {
        void *block = Mem_RegionAlloc(region, 100);

        if (block == NULL || Mem_RegionFree(region, block) != 0) {
            return false;
        }
    }
    return Mem_RegionCheck(region) == 0;
}

static void *use_as_thread(void *unused)
{
    (void)unused;
    return use_region() ? &region : NULL;
}

static bool use_with_threads(void)
{
    pthread_t threads[2];
    bool done = use_region();

    for (int i = 0; i < 2; i++) {
        done &= pthread_create(&threads[i], NULL, use_as_thread, NULL) == 0;
    }
    for (int i = 0; i < 2; i++) {
        void *result;

        done &= pthread_join(threads[i], &result) == 0 && result != NULL;
    }
    return done;
}

static int visit_and_fork(const Mem_Block *block, void *context)
{
    (void)block;
    *(pid_t *)context = fork();
    return 1;
}

/* Forks. A lock with priority inheritance belongs to a thread of the parent: the child cannot
 * release it, and initializes it again. is_visitor: the forking thread holds it, too. */
static void fork_child(bool is_visitor)
{
    int status;
    pid_t child;

    fflush(NULL);
    if (is_visitor) {
        ck_assert_int_eq(Mem_RegionWalk(region, visit_and_fork, &child), 1);
    } else {
        child = fork();
    }
    if (child == 0) {
        signal(SIGALRM, SIG_DFL); /* Check has a handler */
        alarm(HANGS_AFTER);
        support_end_child(use_with_threads() ? 0 : 1);
    }
    ck_assert_int_ne(child, -1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(use_with_threads());
}

START_TEST(children_use_it)
{
    Mem_Options options = {.flags = MEM_REALTIME};

    support_start_thread();
    region = Mem_RegionCreate(SIZE, &options);
    ck_assert_ptr_nonnull(region);
    for (int i = 0; i < 3; i++) {
        fork_child(false);
        fork_child(true);
    }
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

/* Returns the current priority of a thread, as the system shows it: for a real-time thread, -1 -
 * its priority. */
static int current_priority(long thread)
{
    char name[64], line[512];
    int priority = 0;
    FILE *file;

    snprintf(name, sizeof name, "/proc/self/task/%ld/stat", thread);
    file = fopen(name, "r");
    if (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *behind = strrchr(line, ')');

        sscanf(behind == NULL ? line : behind + 1,
               " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d", &priority);
    }
    if (file != NULL) {
        fclose(file);
    }
    return priority;
}

static bool is_visiting, is_permitted;
static int seen_priority;

/* Holds the lock until the waiting thread has passed on its priority, or for two seconds. */
static int visit_until_raised(const Mem_Block *block, void *context)
{
    long thread = syscall(SYS_gettid);

    (void)block;
    (void)context;
    __atomic_store_n(&is_visiting, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 2000 && seen_priority != -1 - HIGH; i++) {
        sleep_us(1000);
        seen_priority = current_priority(thread);
    }
    return 1;
}

static void *hold(void *unused)
{
    is_permitted = become(LOW);
    if (is_permitted) {
        Mem_RegionWalk(region, visit_until_raised, NULL);
    }
    __atomic_store_n(&is_visiting, true, __ATOMIC_RELEASE);
    return unused;
}

static void *want(void *unused)
{
    become(HIGH);
    Mem_RegionFree(region, Mem_RegionAlloc(region, 64));
    return unused;
}

START_TEST(holders_inherit_priority)
{
    Mem_Options options = {.flags = MEM_REALTIME};
    pthread_t low, high;

    if (support_is_emulated()) {
        support_skip("which priority a thread has is not known");
        return;
    }
    region = Mem_RegionCreate(SIZE, &options);
    ck_assert_ptr_nonnull(region);
    ck_assert_int_eq(pthread_create(&low, NULL, hold, NULL), 0);
    while (!__atomic_load_n(&is_visiting, __ATOMIC_ACQUIRE)) {
        sleep_us(100);
    }
    ck_assert_int_eq(pthread_create(&high, NULL, want, NULL), 0);
    ck_assert_int_eq(pthread_join(low, NULL), 0);
    ck_assert_int_eq(pthread_join(high, NULL), 0);
    if (is_permitted) {
        ck_assert_int_eq(seen_priority, -1 - HIGH);
    } else {
        support_skip("real-time priority is not permitted");
    }
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

static bool stop;
static unsigned long high_rounds;

static void churn(int count)
{
    static __thread void *blocks[1000];

    for (int i = 0; i < count; i++) {
        blocks[i] = Mem_RegionAlloc(region, 64);
    }
    for (int i = 0; i < count; i++) {
        Mem_RegionFree(region, blocks[i]);
    }
}

static void *run_low(void *unused)
{
    become(LOW);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        churn(1000);
    }
    return unused;
}

/* Preempts the other thread in the middle of its work, and needs what it holds. */
static void *run_high(void *is_looking)
{
    Mem_Stats stats;

    become(HIGH);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        sleep_us(20 + random() % 60);
        if (is_looking != NULL) {
            Mem_RegionGetStats(region, &stats);
        } else {
            churn(50 + (int)(random() % 900));
        }
        __atomic_fetch_add(&high_rounds, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Two threads share a processor and a region with caches. */
START_TEST(both_go_on)
{
    pthread_t low, high;

    if (!become(HIGHEST) || !use_one_processor()) {
        support_skip("real-time priority is not permitted");
        return;
    }
    support_cache(true);
    region = Mem_RegionCreate(SIZE, NULL);
    ck_assert_ptr_nonnull(region);
    ck_assert_int_eq(pthread_create(&low, NULL, run_low, NULL), 0);
    ck_assert_int_eq(pthread_create(&high, NULL, run_high, _i == 0 ? &low : NULL), 0);
    for (int i = 0; i < 10000 && __atomic_load_n(&high_rounds, __ATOMIC_RELAXED) < ROUNDS; i++) {
        sleep_us(1000);
    }
    ck_assert_uint_ge(__atomic_load_n(&high_rounds, __ATOMIC_RELAXED), ROUNDS);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    ck_assert_int_eq(pthread_join(high, NULL), 0);
    ck_assert_int_eq(pthread_join(low, NULL), 0);
    ck_assert_int_eq(Mem_RegionCheck(region), 0);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("realtime");

    tcase_add_test(tests, has_no_caches);
    tcase_add_test(tests, children_use_it);
    tcase_add_test(tests, holders_inherit_priority);
    tcase_add_loop_test(tests, both_go_on, 0, 2);
    return support_end();
}
