/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sanitized.h"

static Suite *suite;

/* Cleans up after a failed test, when tests run in one process. */
static void clean_up(void)
{
    Mem_OnMisuse(NULL, NULL);
    Mem_Exit();
}

/* Seconds: far longer than any test takes. */
enum { HANGS_AFTER = 900 };

TCase *support_begin(const char *name)
{
    TCase *tests = tcase_create(name);

    unsetenv("LIBMEM_MISUSE");
    support_cache(false);
    setvbuf(stdout, NULL, _IOLBF, 0);
    suite = suite_create(name);
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, NULL, clean_up);
    tcase_set_timeout(tests, support_is_emulated() ? 0 : HANGS_AFTER);
    return tests;
}

int support_end(void)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void support_end_child(int status)
{
#ifdef COVERAGE
    exit(status);
#else
    _exit(status);
#endif
}

void support_skip(const char *reason)
{
    printf("skipped: %s\n", reason);
}

bool support_is_emulated(void)
{
    const char *wrapper = getenv("TEST_WRAPPER");
    const char *preload = getenv("LD_PRELOAD");

    return (wrapper != NULL && *wrapper != '\0') ||
           (preload != NULL && strstr(preload, "vgpreload") != NULL);
}

bool support_is_sanitized(void)
{
    return SANITIZED;
}

Random support_random(const char *test, int variant)
{
    const char *text = getenv("MEM_TEST_SEED");
    uint64_t seed = text == NULL ? 1 : strtoull(text, NULL, 0);

    if (seed == 0) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    }
    printf("%s, variant %d: MEM_TEST_SEED=%" PRIu64 "\n", test, variant, seed);
    return (Random){seed + (uint64_t)variant * UINT64_C(0x100000001b3)};
}

size_t support_times(void)
{
    const char *text = getenv("MEM_TEST_TIMES");

    return text == NULL ? 1 : (size_t)strtoull(text, NULL, 0);
}

size_t support_operations(size_t usual)
{
    const char *text = getenv("MEM_TEST_OPS");

    if (text != NULL) {
        return (size_t)strtoull(text, NULL, 0);
    }
    usual *= support_times();
#ifdef COVERAGE
    /* Nothing is optimized, and each branch is counted. More operations cover no more. */
    usual /= 5;
#endif
    return support_is_emulated() ? usual / 50 : support_is_sanitized() ? usual / 5 : usual;
}

void support_cache(bool on)
{
    setenv("LIBMEM_EXACT", on ? "0" : "1", 1);
}

typedef struct Start {
    void *(*work)(void *);
    void *argument;
    bool done;
} Start;

static void *start(void *shared)
{
    Start own = *(Start *)shared;

    __atomic_store_n(&((Start *)shared)->done, true, __ATOMIC_RELEASE);
    return own.work(own.argument);
}

void support_run_thread(pthread_t *thread, void *(*work)(void *), void *argument)
{
    Start shared = {.work = work, .argument = argument};

    ck_assert_int_eq(pthread_create(thread, NULL, start, &shared), 0);
    while (!__atomic_load_n(&shared.done, __ATOMIC_ACQUIRE)) {
        sched_yield();
    }
}

static void *wait_forever(void *nothing)
{
    (void)nothing;
    for (;;) {
        pause();
    }
    return NULL;
}

void support_start_thread(void)
{
    static pid_t started;
    pthread_t thread;

    if (started != getpid()) {
        started = getpid();
        support_run_thread(&thread, wait_forever, NULL);
        pthread_detach(thread);
    }
}

size_t support_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Bytes before and after the memory of a region. */
enum { MARGIN = 256, MARGIN_BYTE = 0xa5 };

static int visit_first(const Mem_Block *block, void *context)
{
    *(void **)context = block->address;
    return 1;
}

/* Finds out what a test must know of a region. */
static void look_at(Bed *bed)
{
    void *first = NULL;

    ck_assert_int_eq(bed_walk(bed, visit_first, &first), 1);
    bed->first = first;
    bed->capacity = bed_stats(bed).capacity;
    ck_assert_uint_eq((uintptr_t)first % bed->alignment, 0);
}

void bed_take_memory(Bed *bed)
{
    size_t size = bed->memory_size + 2 * (size_t)MARGIN;
    void *memory = NULL;

    /* Always at the same distance from a page: the size of the region depends on it. */
    ck_assert_int_eq(posix_memalign(&memory, 4096, size), 0);
    bed->memory = memory;
    /* The former contents of the memory must not matter. */
    memset(bed->memory, MARGIN_BYTE, size);
}

char *bed_memory(const Bed *bed)
{
    return bed->memory + MARGIN;
}

Bed bed_open_inside(size_t size, size_t alignment)
{
    Mem_Options options = {.alignment = alignment};
    Bed bed = {.alignment = alignment < UNIT ? UNIT : alignment, .memory_size = size};

    bed_take_memory(&bed);
    bed.region = Mem_RegionCreateAt(bed_memory(&bed), size, &options);
    if (bed.region != NULL) {
        look_at(&bed);
    }
    bed_check_margins(&bed);
    return bed;
}

Bed bed_open(Kind kind, size_t size)
{
    Mem_Options options = {.alignment = kind == KIND_MAPPED_16 ? 16 : UNIT,
                           .flags = kind == KIND_UNLOCKED ? MEM_UNLOCKED : 0};
    Bed bed = {.alignment = options.alignment, .is_cached = kind == KIND_CACHED};

    if (kind == KIND_CACHED) {
        support_cache(true);
    }
    if (kind == KIND_INSIDE || kind == KIND_INSIDE_64) {
        bed = bed_open_inside(size + size / 16 + 4096, kind == KIND_INSIDE_64 ? 64 : 8);
        ck_assert_ptr_nonnull(bed.region);
        return bed;
    }
    if (kind == KIND_THREADED) {
        support_start_thread();
    }
    if (kind == KIND_DEFAULT) {
        ck_assert_int_eq(Mem_Init(size), 0);
    } else {
        bed.region = Mem_RegionCreate(size, &options);
        ck_assert_ptr_nonnull(bed.region);
    }
    look_at(&bed);
    return bed;
}

void bed_check_margins(const Bed *bed)
{
    if (bed->memory == NULL) {
        return;
    }
    for (size_t i = 0; i < MARGIN; i++) {
        if ((unsigned char)bed->memory[i] != MARGIN_BYTE) {
            ck_abort_msg("written to %zu bytes before the memory", MARGIN - i);
        }
        if ((unsigned char)bed->memory[MARGIN + bed->memory_size + i] != MARGIN_BYTE) {
            ck_abort_msg("written to %zu bytes behind the memory", i);
        }
    }
}

void bed_save(const Bed *bed, char *image)
{
    memcpy(image, bed_memory(bed), bed->memory_size);
}

void bed_restore(const Bed *bed, const char *image)
{
    memcpy(bed_memory(bed), image, bed->memory_size);
}

void bed_close(Bed *bed)
{
    if (bed->memory == NULL || bed->region != NULL) {
        ck_assert_int_eq(bed->region == NULL ? Mem_Exit() : Mem_RegionDestroy(bed->region), 0);
    }
    bed_check_margins(bed);
    free(bed->memory);
    *bed = (Bed){0};
}

Mem_Stats bed_stats(const Bed *bed)
{
    Mem_Stats stats;
    int result = bed->region == NULL ? Mem_GetStats(&stats)
                                     : Mem_RegionGetStats(bed->region, &stats);

    if (result != 0) {
        ck_abort_msg("no statistics");
    }
    return stats;
}

size_t bed_size(const Bed *bed, const void *block)
{
    return bed->region == NULL ? Mem_Size(block) : Mem_RegionSize(bed->region, block);
}

int bed_walk(const Bed *bed, Mem_Visitor *visit, void *context)
{
    return bed->region == NULL ? Mem_Walk(visit, context)
                               : Mem_RegionWalk(bed->region, visit, context);
}

static int add_to_digest(const Mem_Block *block, void *context)
{
    uint64_t *digest = context;
    Random mix = {*digest ^ (uintptr_t)block->address ^ (uint64_t)block->size << 32};

    *digest = random_next(&mix) + (unsigned)block->in_use;
    return 0;
}

uint64_t bed_digest(const Bed *bed)
{
    uint64_t digest = 0;

    ck_assert_int_eq(bed_walk(bed, add_to_digest, &digest), 0);
    return digest;
}
