/* SPDX-License-Identifier: MIT
 *
 * A successful call keeps errno, even if the system refuses requests of the library, while signals
 * interrupt it and other threads hold what it needs. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "cached-bed.h"
#include "filter.h"

enum { SIZE = 1 << 20, ROUNDS = 8, SOME = 12345 };

static bool stop;

static void *churn(void *region)
{
    void *blocks[40];

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        for (size_t i = 0; i < 40; i++) {
            blocks[i] = Mem_RegionAlloc(region, 8 + 16 * i);
        }
        for (size_t i = 0; i < 40; i++) {
            Mem_RegionFree(region, blocks[i]);
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return NULL;
}

static void tick(int signal)
{
    (void)signal;
}

/* Sends a signal at intervals, or none. */
static void interrupt(long us)
{
    struct sigaction action = {.sa_handler = tick};
    struct itimerval each = {{0, us}, {0, us}};

    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &each, NULL), 0);
}

static int visit(const Mem_Block *block, void *context)
{
    (void)block;
    (void)context;
    return 0;
}

/* Verifies that a call succeeded and kept errno, and sets it for the next one. */
static void expect(bool success, const char *call)
{
    int error = errno;

    if (!success || error != SOME) {
        ck_abort_msg("%s: %s, errno is %d", call, success ? "succeeds" : "fails", error);
    }
    errno = SOME;
}

#define EXPECT(call) expect((call), #call)

static int visit_region(Mem_Region *region, void *context)
{
    (void)region;
    (void)context;
    return 0;
}

static void call_all(Mem_Region *region, FILE *stream)
{
    Mem_Region *other;
    Mem_Stats stats;
    char *block, *aligned;

    errno = SOME;
    EXPECT((block = Mem_RegionAlloc(region, 100)) != NULL);
    EXPECT((block = Mem_RegionRealloc(region, block, 5000)) != NULL);
    EXPECT((block = Mem_RegionRealloc(region, block, 10)) != NULL);
    EXPECT(Mem_RegionSize(region, block) >= 10);
    EXPECT((aligned = Mem_RegionAlignedAlloc(region, 512, 10)) != NULL);
    EXPECT(Mem_RegionFree(region, aligned) == 0);
    EXPECT(Mem_RegionFree(region, block) == 0);
    EXPECT((block = Mem_RegionCalloc(region, 10, 20000)) != NULL);
    EXPECT(Mem_RegionFree(region, block) == 0);
    EXPECT(Mem_RegionFree(region, NULL) == 0);
    EXPECT(Mem_RegionGetStats(region, &stats) == 0);
    EXPECT(Mem_RegionCheck(region) == 0);
    EXPECT(Mem_RegionWalk(region, visit, NULL) == 0);
    EXPECT(Mem_RegionDump(region, stream, MEM_TEXT) == 0);
    EXPECT(Mem_RegionDump(region, stream, MEM_JSON) == 0);
    for (unsigned flags = 0; flags <= MEM_REALTIME; flags = flags == 0 ? MEM_HUGE : 2 * flags) {
        Mem_Options options = {.flags = flags};

        EXPECT((other = Mem_RegionCreate(SIZE, &options)) != NULL);
        EXPECT(Mem_RegionReset(other) == 0);
        EXPECT(Mem_RegionDestroy(other) == 0);
    }
    EXPECT(Mem_Regions(visit_region, NULL) == 0);
    EXPECT(Mem_InitWith(SIZE, NULL) == 0);
    EXPECT(Mem_RegionOf(Mem_Alloc(1)) != NULL);
    EXPECT(Mem_Exit() == 0);
    EXPECT(Mem_Init(SIZE) == 0);
    EXPECT(Mem_Exit() == 0);
    rewind(stream);
}

/* The system refuses nothing, refuses from the start, or refuses from now on. */
START_TEST(errno_stays)
{
    Mem_Region *region;
    FILE *stream = tmpfile();
    pthread_t thread;

    ck_assert_ptr_nonnull(stream);
    support_cache(true);
    if (_i == 1) {
#ifdef SYS_membarrier
        filter_refuse(SYS_membarrier, EPERM);
#endif
#ifdef SYS_getrandom
        filter_refuse(SYS_getrandom, EPERM);
#endif
    }
    region = Mem_RegionCreate(4 * SIZE, NULL);
    ck_assert_ptr_nonnull(region);
    for (int i = 0; i < CACHED_WARM; i++) {
        ck_assert_int_eq(Mem_RegionFree(region, Mem_RegionAlloc(region, 100)), 0);
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, churn, region), 0);
    call_all(region, stream);
#ifdef SYS_membarrier
    if (_i == 2) {
        filter_refuse(SYS_membarrier, EPERM);
        filter_refuse(SYS_madvise, EPERM);
    }
#endif
    interrupt(1000);
    for (int round = 0; round < ROUNDS; round++) {
        call_all(region, stream);
    }
    interrupt(0);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    fclose(stream);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("errno");

    tcase_add_loop_test(tests, errno_stays, 0, 3);
    return support_end();
}
