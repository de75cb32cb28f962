/* SPDX-License-Identifier: MIT
 *
 * Instructions of each single call, counted exactly by single-stepping: with the trap flag set,
 * x86-64 raises SIGTRAP after every instruction. */
#include "bench.h"

/* Under ThreadSanitizer, a signal after each instruction arrives while it holds a lock of its own:
 * it deadlocks. */
#if defined(__SANITIZE_THREAD__)
#define CAN_STEP 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CAN_STEP 0
#endif
#endif
#if !defined(CAN_STEP) && defined(__x86_64__) && defined(__linux__)
#define CAN_STEP 1
#endif

#if defined(CAN_STEP) && CAN_STEP

#include <signal.h>

enum { WARM_UP = 10 }; /* pairs before the measured ones, for each live block */

static volatile sig_atomic_t steps;

static void on_trap(int number)
{
    (void)number;
    steps++;
}

/* Set and clear the trap flag. They skip the red zone, the 128 bytes below the stack pointer that
 * the compiler may be using. */
static inline void trap_on(void)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "orl $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
}

static inline void trap_off(void)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "andl $0xfffffeff, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
}

static __attribute__((__noinline__)) uint32_t step_alloc(void *(*alloc)(size_t), size_t size,
                                                         void **block)
{
    steps = 0;
    trap_on();
    void *result = alloc(size);
    trap_off();
    *block = result;
    return (uint32_t)steps;
}

static __attribute__((__noinline__)) uint32_t step_free(void (*release)(void *), void *block)
{
    steps = 0;
    trap_on();
    release(block);
    trap_off();
    return (uint32_t)steps;
}

static void *return_null(size_t size)
{
    (void)size;
    return NULL;
}

static void return_nothing(void *block)
{
    (void)block;
}

/* The instruction counts of one kind of call, without the overhead of counting. */
typedef struct Counts {
    uint32_t *values;
    uint32_t overhead;
    size_t count;
    size_t most;
} Counts;

static void counts_add(Counts *counts, uint32_t value)
{
    if (counts->count < counts->most)
        counts->values[counts->count++] = value - counts->overhead;
}

static Counts alloc_counts, free_counts, failure_counts;

/* Prepares counting. Returns 0, or SKIPPED if the system does not single-step. */
static int counting_init(uint64_t most)
{
    Counts *all[] = {&alloc_counts, &free_counts, &failure_counts};
    struct sigaction action = {.sa_handler = on_trap};
    void *block;

    sigaction(SIGTRAP, &action, NULL);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i]->values = workload_memory((size_t)most * sizeof(uint32_t), 1);
        all[i]->most = (size_t)most;
    }
    void *(*volatile alloc)(size_t) = return_null;
    void (*volatile release)(void *) = return_nothing;
    step_alloc(alloc, 8, &block); /* binds symbols that are bound at the first call */
    alloc_counts.overhead = failure_counts.overhead = step_alloc(alloc, 8, &block) - 1;
    free_counts.overhead = step_free(release, NULL) - 1; /* the return counts */
    return steps > 0 ? 0 : SKIPPED;
}

static void emit_counts(const char *call, Counts *counts, int brief)
{
    char name[24];
    double sum = 0;

    if (counts->count == 0)
        return;
    for (size_t i = 0; i < counts->count; i++)
        sum += counts->values[i];
    uint32_t p99 = quantile(counts->values, counts->count, 0.99);
    snprintf(name, sizeof name, "%s_worst", call);
    emit(name, "instr", counts->values[counts->count - 1]); /* sorted by quantile() */
    if (brief)
        return;
    snprintf(name, sizeof name, "%s_mean", call);
    emit(name, "instr", sum / (double)counts->count);
    snprintf(name, sizeof name, "%s_p99", call);
    emit(name, "instr", p99);
}

int measure_instr(const Heap *heap, const Setting *setting)
{
    Table table;

    if (counting_init(setting->pairs) != 0)
        return SKIPPED;
    if (heap->open((size_t)setting->region) != 0)
        return 1;
    table_fill(&table, heap, (uint32_t)setting->live);
    table_churn(&table, heap, WARM_UP * setting->live);
    for (uint64_t i = 0; i < setting->pairs; i++) {
        void **place = &table.blocks[random_below(table.count)];
        counts_add(&free_counts, step_free(heap->free, *place));
        counts_add(&alloc_counts, step_alloc(heap->alloc, random_size(), place));
        if (*place == NULL)
            return 1;
        *(volatile unsigned char *)*place = 1;
    }
    emit_counts("alloc", &alloc_counts, 0);
    emit_counts("free", &free_counts, 0);
    return 0;
}

static void free_any(Crowd *crowd, const Heap *heap)
{
    Block block = crowd_remove_any(crowd);

    counts_add(&free_counts, step_free(heap->free, block.address));
}

/* Measures a full region: allocations that fail, and some that just fit. */
int measure_brim(const Heap *heap, const Setting *setting)
{
    Crowd crowd;

    if (counting_init(setting->pairs) != 0)
        return SKIPPED;
    crowd_init(&crowd, heap, (size_t)setting->region);
    if (!heap->bounded || heap->open((size_t)setting->region) != 0)
        return 1;
    crowd_grow(&crowd, heap, 0.55, 1, 0);
    while (alloc_counts.count < setting->pairs && free_counts.count < setting->pairs) {
        if (crowd.count >= 16 && !random_chance(0.55)) {
            free_any(&crowd, heap);
            continue;
        }
        void *block;
        uint32_t size = random_size();
        uint32_t count = step_alloc(heap->alloc, size, &block);
        if (block != NULL) {
            counts_add(&alloc_counts, count);
            crowd_add(&crowd, block, size);
            *(volatile unsigned char *)block = 1;
            continue;
        }
        counts_add(&failure_counts, count);
        for (int i = 0; i < 4 && crowd.count > 0; i++)
            free_any(&crowd, heap);
    }
    emit_counts("alloc", &alloc_counts, 0);
    emit_counts("free", &free_counts, 0);
    emit_counts("fail", &failure_counts, 1);
    return 0;
}

#else

int measure_instr(const Heap *heap, const Setting *setting)
{
    (void)heap;
    (void)setting;
    return SKIPPED;
}

int measure_brim(const Heap *heap, const Setting *setting)
{
    (void)heap;
    (void)setting;
    return SKIPPED;
}

#endif
