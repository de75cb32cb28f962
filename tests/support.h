/* SPDX-License-Identifier: MIT
 *
 * What the test programs share: how they are run, what the environment tells them, and the regions
 * of every kind that their tests run on.
 *
 * Words
 *
 *   bed       a region to test on, with all that a test must know of it
 *   checked   an operation followed by a full check of the region: see checked.h
 *   slow      under an emulator, valgrind or a sanitizer; tests then do less */
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

/* Notes that an assertion holds. Check writes that to a file each time, to know where a test crashed; in a loop
 * these system calls take most of the time. So here each line is written once in a test. */
static inline void support_mark(const char *file, int line)
{
    static bool marked[1024];
    bool *mark = &marked[(unsigned)line % 1024];

    if (!__atomic_load_n(mark, __ATOMIC_RELAXED)) {
        __atomic_store_n(mark, true, __ATOMIC_RELAXED);
        _mark_point(file, line);
    }
}

/* This is what Check's assertions call. */
#define _mark_point(file, line) support_mark(file, line)

/* ------------------------------------------------------------------------------------------------
 * Programs
 * --------------------------------------------------------------------------------------------- */

/* What a test program exits with when it has nothing to say. */
enum { SUPPORT_SKIPPED = 77 };

/* Begins a test program: the tests are to be added to what is returned. */
TCase *support_begin(const char *name);

/* Runs the tests. Returns what main() is to return. */
int support_end(void);

/* Tells that a test can't be run here, and why. */
void support_skip(const char *reason);

/* Ends a child that was forked amid threads: nothing is done of what a program does at its end, but
 * that what was reached is counted, where it is. */
_Noreturn void support_end_child(int status);

/* Whether system calls go through an emulator or valgrind. */
bool support_is_emulated(void);

/* Whether the program was built with a sanitizer. */
bool support_is_sanitized(void);

/* Random numbers for a variant of a test. The seed is from MEM_TEST_SEED, else 1, and is printed. 0
 * there takes one from the clock. */
Random support_random(const char *test, int variant);

/* How often everything is to be tried: MEM_TEST_TIMES, else 1. `make check-long` sets it; tests that take
 * seconds are for that alone. */
size_t support_times(void);

/* How many operations a random test is to do: MEM_TEST_OPS, else the usual, or less if slow; times
 * support_times(). */
size_t support_operations(size_t usual);

/* Starts a thread, and returns when it runs. A sanitizer may allocate for a thread before that, with locks that it
 * does not release in the child of a fork() in that moment: a thread that the child starts would wait for ever. */
void support_run_thread(pthread_t *thread, void *(*work)(void *), void *argument);

/* From here on, the process has a second thread, which does nothing; so locks are taken. */
void support_start_thread(void);

/* Whether regions that are made from here on have caches, if they want them: at first they have
 * none. */
void support_cache(bool on);

/* Bytes of a page. */
size_t support_page(void);

/* ------------------------------------------------------------------------------------------------
 * Beds
 * --------------------------------------------------------------------------------------------- */

/* The least alignment that there is. The library as it is in libmem-malloc.so, which many of the tests are
 * for as well, has larger units. */
#ifndef HEAP_UNIT_SHIFT
#define HEAP_UNIT_SHIFT 3
#endif
enum { UNIT = 1 << HEAP_UNIT_SHIFT };

typedef enum Kind {
    KIND_DEFAULT, /* the default region, through the calls that take no region */
    KIND_MAPPED,
    KIND_INSIDE,    /* in memory of the test's own */
    KIND_MAPPED_16, /* blocks at multiples of 16 bytes */
    KIND_INSIDE_64, /* blocks at multiples of 64 bytes */
    KIND_UNLOCKED,
    KIND_THREADED, /* mapped, in a process with a second thread */
    KIND_COUNT,
    KIND_CACHED = KIND_COUNT /* with caches: where a block will be is not known beforehand */
} Kind;

typedef struct Bed {
    Mem_Region *region; /* NULL: the default region */
    size_t alignment;
    size_t capacity;
    char *first;  /* the first block */
    char *memory; /* what the region is in, if that is the test's, with margins */
    size_t memory_size;
    bool is_damaged; /* free blocks were written to on purpose, so a check may fail */
    bool is_cached;  /* it has caches */
    bool is_shared;  /* other threads change it: what was true before a call may not be after */
} Bed;

/* Makes a region of a kind, with a heap of about so many bytes; if mapped, of exactly so many. */
Bed bed_open(Kind kind, size_t size);

/* The same, in memory of exactly so many bytes. The region is NULL if they are too few. */
Bed bed_open_inside(size_t size, size_t alignment);

/* Takes memory_size bytes of memory for a region, with margins; and where they are. */
void bed_take_memory(Bed *bed);
char *bed_memory(const Bed *bed);

/* Ends the region; fails if it wrote outside of its memory. */
void bed_close(Bed *bed);

/* Fails if the region wrote outside of memory that is the test's. */
void bed_check_margins(const Bed *bed);

/* Copies the memory of a region that is in the test's own; brings it back. */
void bed_save(const Bed *bed, char *image);
void bed_restore(const Bed *bed, const char *image);

/* The calls that differ between the default region and others. */
Mem_Stats bed_stats(const Bed *bed);
size_t bed_size(const Bed *bed, const void *block);
int bed_walk(const Bed *bed, Mem_Visitor *visit, void *context);

/* A number that stands for all blocks, their places and states. */
uint64_t bed_digest(const Bed *bed);

/* What a request of so many bytes costs. */
static inline size_t bed_cost(const Bed *bed, size_t size)
{
    return ((size == 0 ? 1 : size) + bed->alignment - 1) & ~(bed->alignment - 1);
}

#endif
