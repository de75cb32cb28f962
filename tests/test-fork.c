/* SPDX-License-Identifier: MIT
 *
 * fork() while eight threads allocate, free and misuse: the child has consistent regions, and no
 * lock that nobody will release. An alarm ends a child that hangs. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"
#include "sanitized.h"

enum { THREADS = 8, SLOTS = 32, SIZE = 1 << 16, REGIONS = 3, HANGS_AFTER = 300 };

/* Shared by all threads. */
static struct {
    Bed beds[REGIONS];
    size_t bed_count;
    size_t size;
    bool stop;
    bool pause; /* threads wait at the gate, which saves time while a child runs */
    pthread_mutex_t gate;
    size_t operations; /* operations of all threads */
    bool misuse;
    bool init;
    bool in_handlers;        /* handlers of fork() use regions, too */
    Mem_Region *to_be_ended; /* a region that a handler ends */
    pthread_t threads[THREADS];
    Random sources[THREADS];
} all = {.gate = PTHREAD_MUTEX_INITIALIZER};

/* Uses regions in a handler of fork(): before it, and after it in parent and child. */
static void use_regions(void)
{
    if (all.in_handlers) {
        for (size_t n = 0; n < all.bed_count; n++) {
            void *block = Mem_RegionAlloc(all.beds[n].region, 100);

            if (block != NULL && Mem_RegionFree(all.beds[n].region, block) != 0) {
                _exit(20);
            }
            if (Mem_RegionCheck(all.beds[n].region) != 0) {
                _exit(22);
            }
        }
        if (Mem_RegionDestroy(Mem_RegionCreate(all.size, NULL)) != 0) {
            _exit(21);
        }
    }
}

static void watch_forks(void)
{
    pthread_atfork(use_regions, use_regions, use_regions);
}

#if !SANITIZED
/* Ends regions in a handler that runs while fork() holds its locks: one that entered the list at
 * its first use, and one that was there from the start. */
static void end_regions(void)
{
    const Mem_Options options = {.flags = MEM_REALTIME};

    if (all.to_be_ended != NULL) {
        if (Mem_RegionDestroy(all.to_be_ended) != 0 ||
            Mem_RegionDestroy(Mem_RegionCreate(all.size, &options)) != 0) {
            _exit(23);
        }
        all.to_be_ended = NULL;
    }
}

static void watch_forks_early(void)
{
    watch_forks();
    pthread_atfork(end_regions, NULL, NULL);
}

/* Runs before any constructor, and so before the library watches forks: its handler is called first
 * before a fork, and last after it. */
__attribute__((__section__(".preinit_array"),
               __used__)) static void (*const watch_early)(void) = watch_forks_early;
#endif

static bool is_stopped(void)
{
    return __atomic_load_n(&all.stop, __ATOMIC_RELAXED);
}

static void count_operation(void)
{
    __atomic_fetch_add(&all.operations, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&all.pause, __ATOMIC_RELAXED)) {
        pthread_mutex_lock(&all.gate);
        pthread_mutex_unlock(&all.gate);
    }
}

static void pause_threads(void)
{
    pthread_mutex_lock(&all.gate);
    __atomic_store_n(&all.pause, true, __ATOMIC_RELAXED);
}

/* Lets threads go on, until they have done `operations` operations in all. A thread that slept need
 * not have its turn. */
static void resume_threads(size_t operations)
{
    size_t before = __atomic_load_n(&all.operations, __ATOMIC_RELAXED);

    __atomic_store_n(&all.pause, false, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&all.gate);
    while (__atomic_load_n(&all.operations, __ATOMIC_RELAXED) - before < operations) {
        usleep(20);
    }
}

/* Allocates and frees until told to stop, without the checks that would make threads wait for each
 * other most of the time. */
static void *churn(void *argument)
{
    Random *source = argument;
    void *blocks[SLOTS] = {0};
    Mem_Region *region;
    char local[8];

    for (size_t i = 0; !is_stopped(); i++) {
        size_t slot = random_below(source, SLOTS);

        region = all.beds[slot % all.bed_count].region;
        if (blocks[slot] != NULL) {
            Mem_RegionFree(region, blocks[slot]);
            blocks[slot] = NULL;
        } else {
            blocks[slot] = Mem_RegionAlloc(region, random_scaled(source, 2000));
        }
        if (all.misuse) {
            Mem_RegionFree(region, local);
        }
        if (all.init && i % 16 == 0) { /* it may exist already, or be gone */
            Mem_Init(1);
            Mem_Exit();
        }
        count_operation();
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        region = all.beds[slot % all.bed_count].region;
        Mem_RegionFree(region, blocks[slot]);
    }
    return NULL;
}

static void start_threads(Random *source)
{
    all.stop = false;
    for (int i = 0; i < THREADS; i++) {
        all.sources[i].state = random_next(source);
        ck_assert_int_eq(pthread_create(&all.threads[i], NULL, churn, &all.sources[i]), 0);
    }
}

static void stop_threads(void)
{
    __atomic_store_n(&all.stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(all.threads[i], NULL), 0);
    }
}

static void end_when_hanging(void)
{
    signal(SIGALRM, SIG_DFL); /* Check has a handler */
    alarm(HANGS_AFTER);
}

/* Uses every region in a child, and one of its own. Its threads are gone, but their blocks are not.
 * A child must not use anything of Check: that calls malloc(), which another thread may have been
 * using at the fork. AddressSanitizer's malloc() does not recover from that, as the C library's
 * does. */
static void live_as_child(void)
{
    Mem_Region *own;
    char local[8];

    end_when_hanging();
    for (size_t n = 0; n < all.bed_count; n++) {
        Mem_Region *region = all.beds[n].region;

        for (size_t size = 1; size < 1000; size = size * 3 + 1) {
            char *block = Mem_RegionAlloc(region, size);
            char *moved;

            if (block == NULL || Mem_RegionCheck(region) != 0) {
                support_end_child(10);
            }
            memset(block, 'c', size);
            moved = Mem_RegionRealloc(region, block, 2 * size);
            if (moved == NULL || moved[size - 1] != 'c' || Mem_RegionCheck(region) != 0) {
                support_end_child(11);
            }
            if (Mem_RegionFree(region, moved) != 0 || Mem_RegionFree(region, moved) != -1 ||
                Mem_RegionFree(region, local) != -1 || Mem_RegionCheck(region) != 0) {
                support_end_child(12);
            }
        }
        if (Mem_RegionReset(region) != 0 || Mem_RegionCheck(region) != 0) {
            support_end_child(13);
        }
    }
    own = Mem_RegionCreate(SIZE, NULL);
    if (own == NULL || Mem_RegionAlloc(own, 100) == NULL || Mem_RegionDestroy(own) != 0) {
        support_end_child(14);
    }
    if (all.init) {
        Mem_Exit();
        if (Mem_Init(1) != 0 || Mem_Exit() != 0) {
            support_end_child(15);
        }
    }
}

/* Forks, and waits for the child to end well, while the threads wait. */
static void fork_child(bool with_grandchild)
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        live_as_child();
        if (with_grandchild) {
            pid_t grandchild = fork();

            if (grandchild == 0) {
                live_as_child();
                support_end_child(0);
            }
            if (waitpid(grandchild, &status, 0) != grandchild || status != 0) {
                support_end_child(16);
            }
        }
        support_end_child(0);
    }
    ck_assert_int_gt(child, 0);
    pause_threads();
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "the child ended with status %#x%s", (unsigned)status,
                  WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ": it hung" : "");
}

static void fork_amid_threads(const char *test, int variant, size_t forks)
{
    Random source = support_random(test, variant);

    start_threads(&source);
    for (size_t i = 0; i < forks; i++) {
        fork_child(i % 8 == 0);
        resume_threads(random_below(&source, 300));
        for (size_t n = 0; n < all.bed_count; n++) {
            ck_assert_int_eq(Mem_RegionCheck(all.beds[n].region), 0);
        }
    }
    stop_threads();
}

static void open_beds(int kind)
{
    all.bed_count = kind == KIND_DEFAULT ? 1 : REGIONS;
    all.size = kind == KIND_CACHED ? 4 * SIZE : SIZE; /* or it has fewer caches */
    for (size_t n = 0; n < all.bed_count; n++) {
        all.beds[n] = bed_open((Kind)kind, all.size);
    }
}

static void close_beds(void)
{
    for (size_t n = 0; n < all.bed_count; n++) {
        checked_empty(&all.beds[n]);
        bed_close(&all.beds[n]);
    }
    all.misuse = all.init = false;
}

static size_t usual_forks(void)
{
    return support_operations(25) + 5;
}

START_TEST(fork_amid_allocations)
{
    open_beds(_i);
    fork_amid_threads("fork_amid_allocations", _i, usual_forks());
    close_beds();
}
END_TEST

static void ignore_misuse(const Mem_Misuse *misuse, void *context)
{
    (void)misuse;
    (void)context;
}

static int visit_nothing(const Mem_Block *block, void *context)
{
    (void)block;
    (void)context;
    return 0;
}

START_TEST(fork_amid_allocations_in_handlers)
{
    static bool is_watching;

    if (!is_watching) { /* handlers registered late, too */
        watch_forks();
        is_watching = true;
    }
    open_beds(_i);
    all.in_handlers = true;
    all.to_be_ended = Mem_RegionCreate(all.size, NULL);
    ck_assert_int_eq(Mem_RegionWalk(all.to_be_ended, visit_nothing, NULL), 0);
    fork_amid_threads("fork_amid_allocations_in_handlers", _i, usual_forks());
    all.in_handlers = false;
    if (all.to_be_ended != NULL) { /* there was no such handler */
        Mem_RegionDestroy(all.to_be_ended);
        all.to_be_ended = NULL;
    }
    close_beds();
}
END_TEST

START_TEST(fork_amid_misuses)
{
    open_beds(_i);
    all.misuse = true;
    Mem_OnMisuse(ignore_misuse, NULL);
    fork_amid_threads("fork_amid_misuses", _i, usual_forks());
    Mem_OnMisuse(NULL, NULL);
    close_beds();
}
END_TEST

START_TEST(fork_amid_init_and_exit)
{
    open_beds(KIND_MAPPED);
    all.init = true;
    fork_amid_threads("fork_amid_init_and_exit", _i, usual_forks());
    close_beds();
}
END_TEST

/* With one thread, before and after there were more. */
START_TEST(fork_without_threads)
{
    open_beds(_i);
    fork_child(true);
    resume_threads(0);
    fork_amid_threads("fork_without_threads", _i, 2);
    fork_child(true);
    resume_threads(0);
    close_beds();
}
END_TEST

/* Parent and child diverge: neither sees what the other does to its copy. Only shared memory would,
 * and a region is not shared. */
START_TEST(fork_copies_regions)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *kept = checked_alloc(&bed, 1000);
    uint64_t digest;
    int status;
    pid_t child;

    checked_free(&bed, checked_alloc(&bed, 500));
    digest = bed_digest(&bed);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        size_t size = bed_size(&bed, kept);

        end_when_hanging();
        if (!pattern_holds(kept, size, (uintptr_t)kept, size) ||
            Mem_RegionFree(bed.region, kept) != 0 ||
            Mem_RegionAlloc(bed.region, 2 * size) == NULL || Mem_RegionCheck(bed.region) != 0) {
            support_end_child(1);
        }
        support_end_child(Mem_RegionDestroy(bed.region) == 0 ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(bed_digest(&bed), digest);
    checked_free(&bed, kept);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("fork");

    for (int kind = 0; kind <= KIND_CACHED; kind++) {
        if (kind != KIND_UNLOCKED) {
            tcase_add_loop_test(tests, fork_amid_allocations, kind, kind + 1);
            tcase_add_loop_test(tests, fork_amid_allocations_in_handlers, kind, kind + 1);
            tcase_add_loop_test(tests, fork_amid_misuses, kind, kind + 1);
            tcase_add_loop_test(tests, fork_without_threads, kind, kind + 1);
        }
    }
    tcase_add_test(tests, fork_amid_init_and_exit);
    tcase_add_loop_test(tests, fork_copies_regions, 0, KIND_COUNT);
    return support_end();
}
