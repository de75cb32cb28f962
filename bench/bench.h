/* SPDX-License-Identifier: MIT
 *
 * The benchmark: the interfaces of its parts.
 *
 * Terms
 *
 *   contender   an allocator to measure, such as libmem or jemalloc
 *   heap        the functions that call a contender; all that replace malloc share one heap
 *   measure     ns, instr, brim, fill, scale, largest; and those of threads: remote, server, burst,
 *               spawn, apart, calloc
 *   setting     the conditions of a measure: sizes, live blocks, region, and so on
 *   figure      one number that comes out, such as the instructions of the worst call of alloc
 *   round       one run of one measure on one contender; a figure has one sample for each
 *
 * Each round runs in a process of its own: the program starts itself, with the contender preloaded
 * if it replaces malloc, and reads the figures from a pipe. The contenders take turns. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    MOST_ROUNDS = 64,
    MOST_CONTENDERS = 16,
    SKIPPED = 77 /* exit status of a round that cannot run here */
};

/* ------------------------------------------------------------------------------------------------
 * Contenders (contenders.c)
 * --------------------------------------------------------------------------------------------- */

typedef struct Contender {
    const char *name;
    const char *heap;    /* name of its heap: "libmem", "malloc" or "none" */
    const char *library; /* library to preload, or NULL */
} Contender;

/* Name of the reference that others are compared with: the system's own malloc. */
extern const char reference_name[];

/* Finds the installed contenders.
 *
 * extra, extra_count: additional ones, as NAME=LIBRARY. only: names separated by commas, or NULL
 * for all. missing: receives the names of those not installed.
 *
 * Returns their number, or 0 after an error message. */
size_t contenders_find(Contender *contenders, char **extra, size_t extra_count, const char *only,
                       char *missing, size_t missing_size);

/* ------------------------------------------------------------------------------------------------
 * Heaps (heap.c)
 * --------------------------------------------------------------------------------------------- */

typedef struct Heap {
    const char *name;
    int bounded;                /* it has a region, and so can be full */
    int (*open)(size_t region); /* returns 0 on success */
    void *(*alloc)(size_t size);
    void *(*calloc)(size_t size); /* the block is zeroed */
    void (*free)(void *block);
    size_t (*memory)(void); /* bytes of memory taken, bookkeeping included */
} Heap;

/* Returns the heap of that name, or NULL. */
const Heap *heap_find(const char *name);

/* ------------------------------------------------------------------------------------------------
 * The workload (workload.c)
 * --------------------------------------------------------------------------------------------- */

/* The conditions of one round. */
typedef struct Setting {
    char measure[8];
    char sizes[8];    /* "mix", "small", "big" or "wide" */
    uint64_t region;  /* bytes */
    uint64_t live;    /* live blocks (of each thread); 0 if not applicable */
    uint64_t threads; /* 0 in measures without threads */
    uint64_t pairs;   /* measured pairs of a free and an alloc */
    uint64_t seed;
} Setting;

/* Returns whether there are sizes of that name. */
int sizes_known(const char *name);

/* Returns the mean of sizes, in bytes. */
double sizes_mean(const char *name);

/* Sets the sizes and the seed for the functions below. */
void workload_init(const Setting *setting);

/* Return random numbers: of 64 bits; below count; and true with the given probability. */
uint64_t random_bits(void);
uint32_t random_below(uint32_t count);
int random_chance(double probability);

/* Returns a random size in bytes, distributed as the setting says. */
uint32_t random_size(void);

/* Returns zeroed memory for the benchmark's own use, not from malloc. present: populated, so that
 * no page faults follow. Ends the process if there is none. */
void *workload_memory(size_t size, int present);

/* Allocate a block and write to it, as a program would; calloc_or_end has the heap zero it first.
 * End the process if the heap is full. */
void *alloc_or_end(const Heap *heap, uint32_t size);
void *calloc_or_end(const Heap *heap, uint32_t size);

/* Live blocks at random places of a table. */
typedef struct Table {
    void **blocks;
    uint32_t count;
} Table;

/* Fill a table with count new blocks; replace `pairs` blocks at random. End the process if the heap
 * is full. */
void table_fill(Table *table, const Heap *heap, uint32_t count);
void table_churn(Table *table, const Heap *heap, uint64_t pairs);

/* A growing number of live blocks, until the heap is full. */
typedef struct Block {
    void *address;
    uint32_t size;
} Block;

typedef struct Crowd {
    Block *blocks;
    size_t count;
    uint64_t payload; /* bytes asked for */
} Crowd;

/* Makes an empty crowd for a region of that size. */
void crowd_init(Crowd *crowd, const Heap *heap, size_t region);

/* Allocates with the given probability, else frees a random block, until an allocation fails, or
 * the payload reaches `enough` (0: no such end). Sizes are multiplied by scale. Returns 1 if an
 * allocation failed. */
int crowd_grow(Crowd *crowd, const Heap *heap, double probability, uint32_t scale, uint64_t enough);

/* Add or remove one block, without a call to the heap. */
void crowd_add(Crowd *crowd, void *address, uint32_t size);
Block crowd_remove_any(Crowd *crowd);

/* ------------------------------------------------------------------------------------------------
 * Measures. Each runs in a process of its own, emits its figures and returns an exit status.
 * --------------------------------------------------------------------------------------------- */

int measure_ns(const Heap *heap, const Setting *setting);
int measure_instr(const Heap *heap, const Setting *setting);
int measure_brim(const Heap *heap, const Setting *setting);
int measure_fill(const Heap *heap, const Setting *setting);
int measure_largest(const Heap *heap, const Setting *setting);
int measure_remote(const Heap *heap, const Setting *setting);
int measure_server(const Heap *heap, const Setting *setting);
int measure_burst(const Heap *heap, const Setting *setting);
int measure_spawn(const Heap *heap, const Setting *setting);
int measure_apart(const Heap *heap, const Setting *setting);
int measure_calloc(const Heap *heap, const Setting *setting);

/* Reports a figure to the process that waits for it (round.c). */
void emit(const char *figure, const char *unit, double value);

/* Emits the peak resident memory of this process, unless the heap is a region, which is wholly
 * resident from the start. */
void emit_memory(const Heap *heap);

/* ------------------------------------------------------------------------------------------------
 * Rounds (round.c)
 * --------------------------------------------------------------------------------------------- */

/* Runs one round in a process of its own, and adds a sample to each figure that comes out. Returns
 * the exit status of that process, or -1 if it could not be started. */
int round_run(const Contender *contender, const Setting *setting);

/* Returns whether library can be preloaded. */
int round_can_preload(const char *library);

/* Runs in such a process, with the arguments of round_run. Returns its exit status, or ends the
 * process. */
int round_main(int argc, char **argv);

/* First argument of such a process. */
extern const char round_option[];

/* ------------------------------------------------------------------------------------------------
 * Figures (figures.c)
 * --------------------------------------------------------------------------------------------- */

typedef struct Figure {
    const Contender *contender;
    Setting setting;
    char name[24];
    char unit[8];
    size_t count;
    double samples[MOST_ROUNDS];
} Figure;

typedef enum Statistic { MEDIAN, LEAST, MOST, RATIO, LEAST_RATIO } Statistic;

/* Adds a sample to the figure of that name, and makes the figure if there is none. */
void figure_add(const Contender *contender, const Setting *setting, const char *name,
                const char *unit, double value);

/* Makes a figure named "skipped", without samples. */
void figure_skip(const Contender *contender, const Setting *setting);

/* Returns figures in the order in which they were made; NULL past the last. */
const Figure *figure_at(size_t index);

/* Returns the figure of a contender (of the one named reference_name, if NULL), or NULL. */
const Figure *figure_find(const Contender *contender, const Setting *setting, const char *name);

/* Computes a statistic over the rounds. RATIO is the median of the ratios to the reference in the
 * same round; LEAST_RATIO is the ratio of the least samples. Returns 0, or -1 if there is no such
 * figure. */
int figure_value(const Figure *figure, Statistic statistic, double *value);

/* Returns whether a and b are the same conditions, apart from seeds. */
int setting_equal(const Setting *a, const Setting *b);

/* Returns the geometric mean of values, all above 0. */
double geometric_mean(const double *values, size_t count);

/* Sorts values and returns the quantile at the given share. */
uint32_t quantile(uint32_t *values, size_t count, double share);

/* ------------------------------------------------------------------------------------------------
 * Reports (report.c)
 * --------------------------------------------------------------------------------------------- */

/* Prints the figures of one measure as a table. */
void report_table(const char *measure);

/* Writes all figures as tab-separated values. Returns 0 if all was written. */
int report_tsv(FILE *stream);

/* Format a number with commas between groups of three digits; a size in bytes, KiB, MiB or GiB. The
 * text stays valid for seven more calls. */
const char *report_number(uint64_t number);
const char *report_size(uint64_t bytes);

#endif
