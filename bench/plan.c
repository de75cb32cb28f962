/* SPDX-License-Identifier: MIT
 *
 * The plan: the rounds of each measure, in their order. */
#include "plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILL_ROUNDS = 3,  /* at most, of fill: its figures hardly differ */
    THREADS_PAIRS = 4 /* times the usual pairs, since several threads share them */
};

typedef struct Plan Plan;
struct Plan {
    const char *name;
    void (*run)(Run *run, const Plan *plan);
    const char *tables[2];
    uint64_t live;     /* in measures of threads: live blocks of each thread */
    uint64_t group;    /* threads that work together: the number of threads is a multiple */
    const char *sizes; /* default of a measure of threads; NULL: mix */
};

static const uint64_t MiB = UINT64_C(1) << 20;
static const uint64_t GiB = UINT64_C(1) << 30;

static const Contender no_op = {"(no-op)", "none", NULL};

/* ------------------------------------------------------------------------------------------------
 * Rounds in turn
 * --------------------------------------------------------------------------------------------- */

static void show_progress(const Setting *setting, const Contender *contender, uint64_t round,
                          uint64_t rounds)
{
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K%s %s, round %" PRIu64 " of %" PRIu64 ": %s ", setting->measure,
                setting->sizes, round + 1, rounds, contender->name);
        fflush(stderr);
    }
}

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

static void run_one(Run *run, const Contender *contender, const Setting *setting)
{
    int status = round_run(contender, setting);

    if (status == SKIPPED) {
        figure_skip(contender, setting);
        run->skipped = 1;
    } else if (status != 0) {
        clear_progress();
        fprintf(stderr, "bench: %s: %s ended with status %d\n", setting->measure, contender->name,
                status);
        run->failed = 1;
    }
}

/* Runs contenders in turn. Each round starts with another one, so that none is always first. */
static void run_in_turn(Run *run, const Contender *const *contenders, size_t count, Setting setting,
                        uint64_t rounds)
{
    uint64_t seed = setting.seed;

    for (uint64_t round = 0; round < rounds && !run->failed; round++) {
        setting.seed = seed + round;
        for (size_t i = 0; i < count && !run->failed; i++) {
            const Contender *contender = contenders[(i + round) % count];
            show_progress(&setting, contender, round, rounds);
            run_one(run, contender, &setting);
        }
    }
    clear_progress();
}

/* Collects the contenders. bounded: only those with a region. */
static size_t choose(const Run *run, int bounded, const Contender **chosen)
{
    size_t count = 0;

    for (size_t i = 0; i < run->count; i++) {
        const Contender *contender = &run->contenders[i];
        if (!bounded || heap_find(contender->heap)->bounded)
            chosen[count++] = contender;
    }
    return count;
}

/* ------------------------------------------------------------------------------------------------
 * Settings
 * --------------------------------------------------------------------------------------------- */

static Setting make_setting(const Run *run, const char *measure, const char *sizes, uint64_t region,
                            uint64_t live, uint64_t pairs)
{
    Setting setting = {.region = region, .live = live, .pairs = pairs, .seed = run->options.seed};

    snprintf(setting.measure, sizeof setting.measure, "%s", measure);
    snprintf(setting.sizes, sizeof setting.sizes, "%s", sizes);
    return setting;
}

/* Returns the region, doubled until the live blocks fill no more than half of it. */
static uint64_t roomy(uint64_t region, const char *sizes, uint64_t live)
{
    double need = 2 * sizes_mean(sizes) * (double)live;

    while ((double)region < need && region <= PTRDIFF_MAX / 4)
        region *= 2;
    return region;
}

/* Returns the available memory in bytes, without swapping; 0 if unknown. */
static uint64_t memory_available(void)
{
    char line[128];
    unsigned long long kibibytes = 0;
    FILE *file = fopen("/proc/meminfo", "r");

    while (file != NULL && kibibytes == 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "MemAvailable: %llu", &kibibytes);
    if (file != NULL)
        fclose(file);
    return (uint64_t)kibibytes * 1024;
}

/* Returns whether region and live blocks fit into the address space and the memory of this machine.
 * Writes a message if not. */
static int is_feasible(const Setting *setting)
{
    uint64_t blocks = setting->live * (setting->threads > 0 ? setting->threads : 1);
    double need = sizes_mean(setting->sizes) * (double)blocks * 1.2;
    uint64_t available = memory_available();

    if (setting->region <= PTRDIFF_MAX && (available == 0 || need < (double)available))
        return 1;
    fprintf(stderr, "bench: %s: no memory for %" PRIu64 " blocks in %s: left out\n",
            setting->measure, blocks, report_size(setting->region));
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Measures
 * --------------------------------------------------------------------------------------------- */

/* Returns the sizes asked for, or all. */
static const char *const *sizes_or_all(const Options *options, size_t *count)
{
    static const char *const all[] = {"small", "mix", "big"};

    *count = options->sizes_given ? options->sizes_count : sizeof all / sizeof all[0];
    return options->sizes_given ? options->sizes : all;
}

static void run_ns(Run *run, const Plan *plan)
{
    const Options *options = &run->options;
    const Contender *all[MOST_CONTENDERS + 1];
    size_t count = choose(run, 0, all);
    size_t sizes_count = options->sizes_count;
    const char *const *sizes = options->quick ? options->sizes
                                              : sizes_or_all(options, &sizes_count);

    (void)plan;
    all[count++] = &no_op;
    for (size_t i = 0; i < sizes_count; i++) {
        for (size_t j = 0; j < options->live_count; j++) {
            uint64_t region = roomy(options->region, sizes[i], options->lives[j]);
            Setting setting = make_setting(run, "ns", sizes[i], region, options->lives[j],
                                           options->pairs);
            if (is_feasible(&setting))
                run_in_turn(run, all, count, setting, options->rounds);
        }
    }
}

/* Returns the setting of a measure of threads: each makes its share of the pairs, with the plan's
 * number of blocks, or fewer if the share is smaller. */
static Setting threads_setting(const Run *run, const Plan *plan, const char *sizes,
                               uint64_t threads)
{
    const Options *options = &run->options;
    uint64_t wanted = options->pairs * THREADS_PAIRS;
    uint64_t pairs = wanted > threads ? wanted : threads;
    uint64_t live = plan->live < pairs / threads ? plan->live : pairs / threads;
    Setting setting = make_setting(run, plan->name, sizes,
                                   roomy(options->region, sizes, live * threads), live, pairs);

    setting.threads = threads;
    return setting;
}

static void run_threads(Run *run, const Plan *plan)
{
    const Options *options = &run->options;
    const Contender *all[MOST_CONTENDERS + 1];
    size_t count = choose(run, 0, all);

    const char *const *sizes = options->sizes;
    size_t sizes_count = options->sizes_count;

    if (plan->sizes != NULL && !options->sizes_given) {
        sizes = &plan->sizes;
        sizes_count = 1;
    }
    all[count++] = &no_op;
    for (size_t i = 0; i < sizes_count; i++) {
        uint64_t before = 0;
        for (size_t j = 0; j < options->thread_count; j++) {
            uint64_t threads = options->threads[j] - options->threads[j] % plan->group;
            threads = threads > 0 ? threads : plan->group;
            Setting setting = threads_setting(run, plan, sizes[i], threads);
            if (threads != before && is_feasible(&setting))
                run_in_turn(run, all, count, setting, options->rounds);
            before = threads;
        }
    }
}

static void run_instr(Run *run, const Plan *plan)
{
    (void)plan;

    const Options *options = &run->options;
    const Contender *all[MOST_CONTENDERS];
    uint64_t live = options->step_live;

    for (size_t i = 0; i < options->sizes_count; i++) {
        const char *sizes = options->sizes[i];
        uint64_t region = roomy(options->region, sizes, live);
        size_t count = choose(run, 0, all);
        run_in_turn(run, all, count,
                    make_setting(run, "instr", sizes, region, live, options->calls), 1);
        count = choose(run, 1, all);
        run_in_turn(run, all, count,
                    make_setting(run, "brim", sizes, options->region, 0, options->calls), 1);
    }
}

static void run_fill(Run *run, const Plan *plan)
{
    const Options *options = &run->options;
    const Contender *all[MOST_CONTENDERS];
    size_t count = choose(run, 0, all);
    uint64_t rounds = options->rounds < FILL_ROUNDS ? options->rounds : FILL_ROUNDS;
    size_t sizes_count;
    const char *const *sizes = sizes_or_all(options, &sizes_count);

    (void)plan;
    for (size_t i = 0; i < sizes_count; i++)
        run_in_turn(run, all, count, make_setting(run, "fill", sizes[i], options->region, 0, 0),
                    rounds);
}

static void run_scale(Run *run, const Plan *plan)
{
    const struct {
        uint64_t region;
        uint64_t live;
    } points[] = {{MiB, 1000},     {64 * MiB, 1000},  {64 * MiB, 100000},
                  {4 * GiB, 1000}, {4 * GiB, 100000}, {4 * GiB, 10000000}};
    const Contender *all[MOST_CONTENDERS];
    size_t count = choose(run, 1, all);
    size_t point_count = run->options.quick ? 3 : sizeof points / sizeof points[0];

    for (size_t i = 0; i < point_count; i++) {
        Setting setting = make_setting(run, plan->name, "mix", points[i].region, points[i].live,
                                       run->options.calls);
        if (is_feasible(&setting))
            run_in_turn(run, all, count, setting, 1);
    }
}

static void run_largest(Run *run, const Plan *plan)
{
    const uint64_t regions[] = {4096, MiB, 64 * MiB, GiB};
    const Contender *all[MOST_CONTENDERS];
    size_t count = choose(run, 1, all);
    size_t region_count = run->options.quick ? 2 : sizeof regions / sizeof regions[0];

    for (size_t i = 0; i < region_count; i++)
        run_in_turn(run, all, count, make_setting(run, plan->name, "mix", regions[i], 0, 0), 1);
}

/* ------------------------------------------------------------------------------------------------ */

static const Plan plans[] = {{"ns", run_ns, {"ns", NULL}, 0, 0, NULL},
                             {"instr", run_instr, {"instr", "brim"}, 0, 0, NULL},
                             {"fill", run_fill, {"fill", NULL}, 0, 0, NULL},
                             {"scale", run_scale, {"scale", NULL}, 0, 0, NULL},
                             {"largest", run_largest, {"largest", NULL}, 0, 0, NULL},
                             {"remote", run_threads, {"remote", NULL}, 4096, 2, NULL},
                             {"server", run_threads, {"server", NULL}, 1000, 1, NULL},
                             {"burst", run_threads, {"burst", NULL}, 5000, 1, NULL},
                             {"spawn", run_threads, {"spawn", NULL}, 500, 1, NULL},
                             {"apart", run_threads, {"apart", NULL}, 1000, 1, "small"},
                             {"calloc", run_threads, {"calloc", NULL}, 1000, 1, "wide"}};

const char *plan_name(size_t index)
{
    return index < sizeof plans / sizeof plans[0] ? plans[index].name : NULL;
}

void plan_run(Run *run, size_t index)
{
    const Plan *plan = &plans[index];

    plan->run(run, plan);
    for (size_t i = 0; i < 2 && plan->tables[i] != NULL; i++)
        report_table(plan->tables[i]);
}
