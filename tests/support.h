/* SPDX-License-Identifier: MIT
 *
 * Common parts of the test programs: how they run, their environment, and regions of every kind to
 * test on.
 *
 * Terms
 *
 *   bed       a region to test on, with all that a test must know of it
 *   checked   an operation followed by a full check of the region: see checked.h
 *   slow      under an emulator, valgrind or a sanitizer; tests then do less
 */
#ifndef MEM_TESTS_SUPPORT_H
#define MEM_TESTS_SUPPORT_H

#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mem.h>

#include "random.h"

/* ------------------------------------------------------------------------------------------------
 * Assertions
 * --------------------------------------------------------------------------------------------- */

/* Notes that an assertion holds. Check writes that to a file each time, to know where a test
 * crashed. In a loop these system calls take most of the time, so this writes each line once in a
 * test. */
static inline void support_mark(const char *file, int line)
{
    static bool marked[1024];
    bool *mark = &marked[(unsigned)line % 1024];

    if (!__atomic_load_n(mark, __ATOMIC_RELAXED)) {
        __atomic_store_n(mark, true, __ATOMIC_RELAXED);
        _mark_point(file, line);
    }
}

/* The function that Check's assertions call. */
#define _mark_point(file, line) support_mark(file, line)

/* ------------------------------------------------------------------------------------------------
 * Programs
 * --------------------------------------------------------------------------------------------- */

/* The exit status of a skipped test. */
enum { SUPPORT_SKIPPED = 77 };

/* Begins a test program. Returns the test case that tests are added to. */
TCase *support_begin(const char *name);

/* Runs the tests. Returns the result for main(). */
int support_end(void);

/* Reports that a test cannot run here, and why. */
void support_skip(const char *reason);

/* Ends a child that was forked amid threads, without the usual work at exit, except that coverage
 * is written. */
_Noreturn void support_end_child(int status);

/* Returns whether system calls go through an emulator or valgrind. */
bool support_is_emulated(void);

/* Returns whether the program was built with a sanitizer. */
bool support_is_sanitized(void);

/* Returns a random source for a variant of a test. The seed is MEM_TEST_SEED, else 1, and is
 * printed; a seed of 0 stands for one from the clock. */
Random support_random(const char *test, int variant);

/* Returns how often to repeat everything: MEM_TEST_TIMES, else 1. `make check-long` sets it; tests
 * that take seconds run only then. */
size_t support_times(void);

/* Returns how many operations a random test does: MEM_TEST_OPS, else the usual number, or less if
 * slow; times support_times(). */
size_t support_operations(size_t usual);

/* Starts a thread, and returns when it runs. A sanitizer may allocate for a thread before that,
 * with locks that it does not release in the child of a simultaneous fork(): a thread started by
 * the child would wait for ever. */
void support_run_thread(pthread_t *thread, void *(*work)(void *), void *argument);

/* Starts a second thread that does nothing, so that locks are taken from now on. */
void support_start_thread(void);

/* Sets whether new regions have caches, if they want them. At first they have none. */
void support_cache(bool on);

/* Returns the size of a page in bytes. */
size_t support_page(void);

/* ------------------------------------------------------------------------------------------------
 * Beds
 * --------------------------------------------------------------------------------------------- */

/* The least alignment. The library in libmem-malloc.so, which many of these tests run on as well,
 * has larger units. */
#ifndef HEAP_UNIT_SHIFT
#define HEAP_UNIT_SHIFT 3
#endif
enum { UNIT = 1 << HEAP_UNIT_SHIFT };

typedef enum Kind {
    KIND_DEFAULT, /* the default region, through the calls without a region */
    KIND_MAPPED,
    KIND_INSIDE,    /* in memory of the test */
    KIND_MAPPED_16, /* blocks at multiples of 16 bytes */
    KIND_INSIDE_64, /* blocks at multiples of 64 bytes */
    KIND_UNLOCKED,
    KIND_THREADED, /* mapped, in a process with a second thread */
    KIND_COUNT,
    KIND_CACHED = KIND_COUNT /* with caches: the place of a block is not predictable */
} Kind;

typedef struct Bed {
    Mem_Region *region; /* NULL: the default region */
    size_t alignment;
    size_t capacity;
    char *first;  /* the first block */
    char *memory; /* memory of the region with margins, if it is the test's; else NULL */
    size_t memory_size;
    bool is_damaged; /* free blocks were written to on purpose, so a check may fail */
    bool is_cached;  /* it has caches */
    bool is_shared;  /* other threads change it, at any time */
} Bed;

/* Makes a region of a kind, with a heap of about `size` bytes; if mapped, of exactly so many. */
Bed bed_open(Kind kind, size_t size);

/* Makes a region in memory of exactly `size` bytes. The region is NULL if they are too few. */
Bed bed_open_inside(size_t size, size_t alignment);

/* Takes memory_size bytes of memory for a region, with margins; returns where they are. */
void bed_take_memory(Bed *bed);
char *bed_memory(const Bed *bed);

/* Ends the region; fails if it wrote outside of its memory. */
void bed_close(Bed *bed);

/* Fails if the region wrote outside of the test's memory. */
void bed_check_margins(const Bed *bed);

/* Copies the memory of a region that is the test's; restores it. */
void bed_save(const Bed *bed, char *image);
void bed_restore(const Bed *bed, const char *image);

/* The calls that differ between the default region and others. */
Mem_Stats bed_stats(const Bed *bed);
size_t bed_size(const Bed *bed, const void *block);
int bed_walk(const Bed *bed, Mem_Visitor *visit, void *context);

/* Returns a digest of all blocks, their places and states. */
uint64_t bed_digest(const Bed *bed);

/* Returns the bytes that a request costs. */
static inline size_t bed_cost(const Bed *bed, size_t size)
{
    return ((size == 0 ? 1 : size) + bed->alignment - 1) & ~(bed->alignment - 1);
}

#endif
