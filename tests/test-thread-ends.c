/* SPDX-License-Identifier: MIT
 *
 * Threads end while regions that they have used are destroyed, or by the system call exit alone:
 * none of them touches a region that is gone, and no other thread touches what was theirs. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cached-bed.h"
#include "sanitized.h"

enum { SIZE = 1 << 20, INSIDE = CACHED_INSIDE, STACK = 1 << 20, GUARD = 100 };

/* Ways to create and destroy a region. */
typedef enum Way { WAY_MAPPED, WAY_INSIDE, WAY_DEFAULT, WAYS } Way;

static char *memory; /* for WAY_INSIDE */

static void pause_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static Mem_Region *open_region(Way way)
{
    Mem_Region *region = NULL;

    support_cache(true);
    switch (way) {
    case WAY_INSIDE:
        memory = memory == NULL ? malloc(INSIDE) : memory;
        ck_assert_ptr_nonnull(memory);
        region = Mem_RegionCreateAt(memory, INSIDE, NULL);
        ck_assert_ptr_nonnull(region);
        break;
    case WAY_DEFAULT:
        ck_assert_int_eq(Mem_Init(SIZE), 0);
        break;
    default:
        region = Mem_RegionCreate(SIZE, NULL);
        ck_assert_ptr_nonnull(region);
        break;
    }
    return region;
}

static void close_region(Way way, Mem_Region *region)
{
    ck_assert_int_eq(way == WAY_DEFAULT ? Mem_Exit() : Mem_RegionDestroy(region), 0);
    if (way == WAY_INSIDE) {
        memset(memory, 0x5a, INSIDE);
    }
}

/* Verifies that no thread wrote to the memory after its region was destroyed. */
static void check_memory(Way way)
{
    if (way == WAY_INSIDE && (memory[0] != 0x5a || memcmp(memory, memory + 1, INSIDE - 1) != 0)) {
        ck_abort_msg("memory of the caller's was written to after its region ended");
    }
}

static void churn(Mem_Region *region)
{
    for (int i = 0; i < 2 * CACHED_WARM; i++) {
        Mem_RegionFree(region, Mem_RegionAlloc(region, 64));
    }
}

/* A thread, and its progress. */
typedef struct Ending {
    Mem_Region *region;
    bool is_done;   /* it has finished with the region */
    bool waits;     /* waits at its end before any function of the library … */
    bool may_go_on; /* … until this is set */
} Ending;

static bool is_set(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(bool *flag)
{
    __atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void wait_for(const bool *flag)
{
    while (!is_set(flag)) {
        pause_us(50);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Regions that are destroyed meanwhile
 * --------------------------------------------------------------------------------------------- */

/* Created before the library's key, so that its function is called first. */
static pthread_key_t early_key;
static bool has_early_key;

static __thread bool is_ending;

static void begin_end(void *argument)
{
    Ending *ending = argument;

    is_ending = true;
    if (ending->waits) {
        wait_for(&ending->may_go_on);
    }
}

static void make_early_key(void)
{
    ck_assert_int_eq(pthread_key_create(&early_key, begin_end), 0);
    has_early_key = true;
}

static void *use_and_end(void *argument)
{
    Ending *ending = argument;

    churn(ending->region);
    if (has_early_key) {
        pthread_setspecific(early_key, ending);
    }
    set(&ending->is_done);
    return NULL;
}

#if !SANITIZED
static bool stays_at_unlock, is_at_unlock, is_destroyed;

/* Replaces libc's function for the library, too: an ending thread pauses where it releases the
 * mutex that says it lives, which is the last thing the library does. The region is destroyed only
 * then. */
int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    static int (*real)(pthread_mutex_t *);

    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
    }
    if (is_ending && stays_at_unlock && !is_set(&is_at_unlock)) {
        set(&is_at_unlock);
        wait_for(&is_destroyed);
    }
    return real(mutex);
}

/* The region is destroyed while the thread is ending. The thread holds no lock then that this
 * needs, and has left its cache. */
START_TEST(a_region_ends_first)
{
    Ending ending = {0};
    pthread_t thread;

    signal(SIGALRM, SIG_DFL); /* Check has a handler */
    alarm(GUARD);
    stays_at_unlock = true;
    make_early_key();
    ending.region = open_region((Way)_i);
    ck_assert_int_eq(pthread_create(&thread, NULL, use_and_end, &ending), 0);
    wait_for(&is_at_unlock);
    close_region((Way)_i, ending.region);
    set(&is_destroyed);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    check_memory((Way)_i);
}
END_TEST
#endif

/* The next region is created in the place of the one that the thread has used. */
START_TEST(another_region_takes_its_place)
{
    for (int round = 0; round < 3; round++) {
        Ending ending = {.waits = true};
        Bed bed = {.alignment = UNIT};
        pthread_t thread;

        make_early_key();
        ending.region = open_region((Way)_i);
        ck_assert_int_eq(pthread_create(&thread, NULL, use_and_end, &ending), 0);
        wait_for(&ending.is_done);
        close_region((Way)_i, ending.region);
        bed = cached_open(0, SIZE);
        cached_warm_up(&bed, 64);
        set(&ending.may_go_on);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        cached_warm_up(&bed, 64);
        checked_sound(&bed);
        checked_empty(&bed);
        bed_close(&bed);
        check_memory((Way)_i);
        ck_assert_int_eq(pthread_key_delete(early_key), 0);
        has_early_key = false;
    }
}
END_TEST

/* The region is destroyed at a random moment of a thread's end. */
START_TEST(regions_and_threads_end)
{
    size_t rounds = support_operations(150);

    for (size_t round = 0; round < rounds; round++) {
        Ending endings[3] = {0};
        Mem_Region *region = open_region((Way)_i);
        pthread_t threads[3];

        for (int i = 0; i < 3; i++) {
            endings[i].region = region;
            ck_assert_int_eq(pthread_create(&threads[i], NULL, use_and_end, &endings[i]), 0);
        }
        for (int i = 0; i < 3; i++) {
            while (!is_set(&endings[i].is_done)) {
                sched_yield();
            }
        }
        for (volatile int pause = rand() % 4000; pause > 0; pause--) {
        }
        close_region((Way)_i, region);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        }
        check_memory((Way)_i);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Threads that end by the system call
 * --------------------------------------------------------------------------------------------- */

#if !SANITIZED

static void *use_and_exit(void *region)
{
    churn(region);
    syscall(SYS_exit, 0);
    return NULL;
}

static void *use(void *region)
{
    churn(region);
    return NULL;
}

/* Runs a thread, and unmaps its stack, or lets the C library use it again. */
static void run(Mem_Region *region, void *(*work)(void *), bool has_own_stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *stack = NULL;

    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    if (has_own_stack) {
        stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert(stack != MAP_FAILED);
        ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, STACK), 0);
    }
    ck_assert_int_eq(pthread_create(&thread, &attributes, work, region), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    if (has_own_stack) {
        munmap(stack, STACK);
    }
}

/* Verifies that what the lost threads had in caches can be allocated, here and in a child. */
static void take_all(const Bed *bed)
{
    void *whole = Mem_RegionAlloc(bed->region, bed->capacity);
    int status;
    pid_t child;

    ck_assert_ptr_nonnull(whole);
    ck_assert_int_eq(Mem_RegionFree(bed->region, whole), 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL); /* Check has a handler */
        alarm(GUARD);
        churn(bed->region);
        whole = Mem_RegionAlloc(bed->region, bed->capacity);
        support_end_child(whole == NULL || Mem_RegionCheck(bed->region) != 0);
    }
    ck_assert_int_ne(child, -1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(threads_exit)
{
    Bed bed;

    if (support_is_emulated()) {
        support_skip("emulators know no such end");
        return;
    }
    bed = cached_open(_i, SIZE * 4);
    for (int round = 0; round < 30; round++) {
        run(bed.region, round % 3 == 0 ? use : use_and_exit, round % 2 != 0);
        if (round % 10 == 9) {
            take_all(&bed);
        }
        checked_sound(&bed);
    }
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* The region is destroyed after the thread has ended. */
START_TEST(threads_exit_before_the_region)
{
    if (support_is_emulated()) {
        support_skip("emulators know no such end");
        return;
    }
    for (int round = 0; round < 5; round++) {
        Mem_Region *region = open_region((Way)_i);

        run(region, use_and_exit, round % 2 != 0);
        close_region((Way)_i, region);
        run(region = open_region((Way)_i), use, round % 2 == 0);
        close_region((Way)_i, region);
        check_memory((Way)_i);
    }
}
END_TEST

#endif

int main(void)
{
    TCase *tests = support_begin("thread-ends");

#if !SANITIZED
    tcase_add_loop_test(tests, a_region_ends_first, 0, WAYS);
    tcase_add_loop_test(tests, threads_exit, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, threads_exit_before_the_region, 0, WAYS);
#endif
    tcase_add_loop_test(tests, another_region_takes_its_place, 0, WAYS);
    tcase_add_loop_test(tests, regions_and_threads_end, 0, WAYS);
    return support_end();
}
