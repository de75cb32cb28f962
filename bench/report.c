/* SPDX-License-Identifier: MIT
 *
 * The figures as tables for people, and as tab-separated values for programs. */
#include "bench.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_COLUMNS = 9, NARROW = 10, WIDE = 14 };

typedef struct Column {
    const char *heading;
    const char *figure; /* name of the figure; NULL ends the columns */
    Statistic statistic;
    int decimals;
} Column;

typedef struct View {
    const char *measure;
    const char *title;
    const char *note;
    int width;             /* of a column */
    const Column *columns; /* ends with a column without a figure */
} View;

/* The columns of measures of threads. */
static const Column threads_columns[MOST_COLUMNS + 1] = {{"median", "pair", MEDIAN, 1},
                                                         {"least", "pair", LEAST, 1},
                                                         {"most", "pair", MOST, 1},
                                                         {"ratio", "pair", RATIO, 2},
                                                         {"by least", "pair", LEAST_RATIO, 2},
                                                         {"cpu", "processor", LEAST, 1},
                                                         {"by least", "processor", LEAST_RATIO, 2},
                                                         {"MiB", "memory", MEDIAN, 1},
                                                         {"ratio", "memory", RATIO, 2}};

/* The columns of apart: with cache lines, and without the spread of the rounds. */
static const Column apart_columns[MOST_COLUMNS + 1] = {
    {"median", "pair", MEDIAN, 1},        {"least", "pair", LEAST, 1},
    {"ratio", "pair", RATIO, 2},          {"by least", "pair", LEAST_RATIO, 2},
    {"cpu", "processor", LEAST, 1},       {"by least", "processor", LEAST_RATIO, 2},
    {"MiB", "memory", MEDIAN, 1},         {"ratio", "memory", RATIO, 2},
    {"shared %", "shared_lines", MOST, 2}};

static const char threads_note[] = "  all threads together, by the wall clock; cpu: the least "
                                   "processor time; live: blocks of each\n"
                                   "  thread; MiB: the most memory that the process had resident, "
                                   "what the benchmark takes included;\n"
                                   "  means, here and below: of the ratios by least\n";

static const View views[] = {
    {"ns", "Time of one free and one alloc together, in nanoseconds",
     "  ratio: to glibc in the same round, the median of the rounds; by least: ratio of the least\n"
     "  (no-op): the benchmark itself, which is part of each figure\n",
     NARROW,
     (const Column[MOST_COLUMNS + 1]){{"median", "pair", MEDIAN, 1},
                                      {"least", "pair", LEAST, 1},
                                      {"most", "pair", MOST, 1},
                                      {"ratio", "pair", RATIO, 2},
                                      {"by least", "pair", LEAST_RATIO, 2}}},
    {"instr", "Instructions of a single call, in a steady churn", "", NARROW,
     (const Column[MOST_COLUMNS + 1]){{"alloc", "alloc_mean", MEDIAN, 1},
                                      {"p99", "alloc_p99", MEDIAN, 0},
                                      {"worst", "alloc_worst", MOST, 0},
                                      {"free", "free_mean", MEDIAN, 1},
                                      {"p99", "free_p99", MEDIAN, 0},
                                      {"worst", "free_worst", MOST, 0}}},
    {"brim", "Instructions of a single call, where the region is full",
     "  fails: the worst of the calls that found no room\n", NARROW,
     (const Column[MOST_COLUMNS + 1]){{"alloc", "alloc_mean", MEDIAN, 1},
                                      {"p99", "alloc_p99", MEDIAN, 0},
                                      {"worst", "alloc_worst", MOST, 0},
                                      {"free", "free_mean", MEDIAN, 1},
                                      {"p99", "free_p99", MEDIAN, 0},
                                      {"worst", "free_worst", MOST, 0},
                                      {"fails", "fail_worst", MOST, 0}}},
    {"fill", "Share of the memory that is payload when the region is full",
     "  fill: allocating only; grow: 55 or 51 of 100 calls allocate; shift: then four fifths are\n"
     "  freed and four times the sizes fill it again. A malloc, which has no region, at three\n"
     "  quarters of it: share of the memory that the process grew by\n",
     NARROW,
     (const Column[MOST_COLUMNS + 1]){{"fill", "fill", MEDIAN, 3},
                                      {"grow .55", "grow55", MEDIAN, 3},
                                      {"grow .51", "grow51", MEDIAN, 3},
                                      {"shift", "shift", MEDIAN, 3}}},
    {"scale", "Instructions of a single call, as region and number of blocks grow", "", NARROW,
     (const Column[MOST_COLUMNS + 1]){{"alloc", "alloc_mean", MEDIAN, 1},
                                      {"worst", "alloc_worst", MOST, 0},
                                      {"free", "free_mean", MEDIAN, 1},
                                      {"worst", "free_worst", MOST, 0}}},
    {"largest", "The largest block, in bytes",
     "  fresh: of a new region; again: after it was filled and all was freed; mapped: with the\n"
     "  bookkeeping\n",
     WIDE,
     (const Column[MOST_COLUMNS + 1]){{"fresh", "fresh", MEDIAN, 0},
                                      {"again", "again", MEDIAN, 0},
                                      {"mapped", "mapped", MEDIAN, 0}}},
    {"remote", "One thread allocates, another one frees: nanoseconds of both, and resident memory",
     threads_note, NARROW, threads_columns},
    {"server", "Threads that replace blocks, and hand all to a successor, likewise", "", NARROW,
     threads_columns},
    {"burst", "Thousands of blocks allocated, and then freed, likewise", "", NARROW,
     threads_columns},
    {"spawn", "Threads that come, allocate and free a few blocks, and go, likewise", "", NARROW,
     threads_columns},
    {"apart", "Threads that replace blocks of their own, likewise",
     "  shared %: of the cache lines with blocks in them, those with blocks of more than one "
     "thread,\n"
     "  the most of the rounds\n",
     NARROW, apart_columns},
    {"calloc", "Blocks that are zeroed; another thread frees a third of them; likewise", "", NARROW,
     threads_columns},
};

const char *report_number(uint64_t number)
{
    static char texts[8][32];
    static unsigned turn;
    char *at = texts[turn++ % 8] + sizeof texts[0] - 1;
    int digits = 0;

    *at = '\0';
    do {
        if (digits > 0 && digits % 3 == 0)
            *--at = ',';
        *--at = (char)('0' + number % 10);
        digits++;
    } while ((number /= 10) > 0);
    return at;
}

const char *report_size(uint64_t bytes)
{
    static char texts[8][32];
    static unsigned turn;
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    char *text = texts[turn++ % 8];
    int unit = 0;

    for (; unit < 3 && bytes > 0 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    snprintf(text, sizeof texts[0], "%s %s", report_number(bytes), units[unit]);
    return text;
}

/* Returns whether a figure is the first of its contender in its setting, and so starts a row. */
static int begins_row(size_t index)
{
    const Figure *figure = figure_at(index);

    for (size_t i = 0; i < index; i++) {
        const Figure *other = figure_at(i);
        if (other->contender == figure->contender &&
            setting_equal(&other->setting, &figure->setting))
            return 0;
    }
    return 1;
}

static void put_heading(const View *view, int threads)
{
    printf("  %-5s %11s %8s  %-13s", "sizes", "live", threads ? "threads" : "region", "allocator");
    for (const Column *column = view->columns; column->figure != NULL; column++)
        printf(" %*s", view->width, column->heading);
    putchar('\n');
}

/* Prints a row. above: the figure of the row above, or NULL. grouped: blank lines between
 * settings. */
static void put_row(const View *view, const Figure *figure, const Figure *above, int grouped)
{
    const Setting *setting = &figure->setting;
    int first = above == NULL || !setting_equal(&above->setting, setting);

    if (first && above != NULL && grouped)
        putchar('\n');
    printf("  %-5s %11s %8s  %-13s", first ? setting->sizes : "",
           first && setting->live > 0 ? report_number(setting->live) : "",
           !first                 ? ""
           : setting->threads > 0 ? report_number(setting->threads)
                                  : report_size(setting->region),
           figure->contender->name);
    for (const Column *column = view->columns; column->figure != NULL; column++) {
        const Figure *cell = figure_find(figure->contender, setting, column->figure);
        double value;
        if (cell == NULL || figure_value(cell, column->statistic, &value) != 0)
            printf(" %*s", view->width, "-");
        else if (value >= 1e6)
            printf(" %*s", view->width, report_number((uint64_t)value));
        else
            printf(" %*.*f", view->width, column->decimals, value);
    }
    putchar('\n');
}

/* Computes the geometric mean of a contender's ratios over all settings of a measure. With threads,
 * uses the ratios of the least, since times depend on the scheduler. Returns the number of
 * settings, 0 if one has no ratio. */
static size_t mean_ratio(const char *measure, const Contender *contender, double *mean)
{
    double ratios[64];
    size_t count = 0;
    const Figure *figure;

    for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
        if (figure->contender != contender || strcmp(figure->setting.measure, measure) != 0 ||
            strcmp(figure->name, "pair") != 0)
            continue;
        Statistic statistic = figure->setting.threads > 0 ? LEAST_RATIO : RATIO;
        if (count == sizeof ratios / sizeof ratios[0] ||
            figure_value(figure, statistic, &ratios[count]) != 0)
            return 0;
        count++;
    }
    if (count > 0)
        *mean = geometric_mean(ratios, count);
    return count;
}

/* Collects the contenders of a measure, in order. Returns their number. */
static size_t contenders_of(const char *measure, const Contender **contenders)
{
    size_t count = 0;
    const Figure *figure;

    for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
        size_t seen = 0;
        while (seen < count && contenders[seen] != figure->contender)
            seen++;
        if (strcmp(figure->setting.measure, measure) == 0 && seen == count &&
            count < MOST_CONTENDERS)
            contenders[count++] = figure->contender;
    }
    return count;
}

static void put_mean_ratios(const char *measure)
{
    const Contender *contenders[MOST_CONTENDERS];
    size_t count = contenders_of(measure, contenders);
    const char *before = "  geometric mean of the ratios: ";
    double mean;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(contenders[i]->heap, "none") == 0 ||
            mean_ratio(measure, contenders[i], &mean) < 2)
            continue;
        printf("%s%s %.2f", before, contenders[i]->name, mean);
        before = ", ";
    }
    if (before[0] == ',')
        putchar('\n');
}

void report_table(const char *measure)
{
    const View *view = views;
    const Contender *contenders[MOST_CONTENDERS];
    const Figure *figure;
    const Figure *above = NULL;
    int grouped = contenders_of(measure, contenders) > 1;

    while (strcmp(view->measure, measure) != 0)
        view++;
    printf("%s\n\n", view->title);
    for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
        if (strcmp(figure->setting.measure, measure) == 0 && begins_row(i)) {
            if (above == NULL)
                put_heading(view, figure->setting.threads > 0);
            put_row(view, figure, above, grouped);
            above = figure;
        }
    }
    putchar('\n');
    put_mean_ratios(measure);
    printf("%s%s", view->note, *view->note != '\0' ? "\n" : "");
    fflush(stdout);
}

/* ------------------------------------------------------------------------------------------------
 * Tab-separated values
 * --------------------------------------------------------------------------------------------- */

static void put_value(FILE *stream, const Figure *figure, Statistic statistic)
{
    double value;

    if (figure_value(figure, statistic, &value) == 0)
        fprintf(stream, "\t%.10g", value);
    else
        fputs("\tNA", stream);
}

int report_tsv(FILE *stream)
{
    const Figure *figure;

    fputs("measure\tallocator\tsizes\tlive\tthreads\tregion\tpairs\tfigure\tunit\trounds\tmedian\tl"
          "east"
          "\tmost\tratio\tratio_least\n",
          stream);
    for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
        const Setting *setting = &figure->setting;
        fprintf(stream,
                "%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\t%zu",
                setting->measure, figure->contender->name, setting->sizes, setting->live,
                setting->threads, setting->region, setting->pairs, figure->name, figure->unit,
                figure->count);
        for (Statistic statistic = MEDIAN; statistic <= LEAST_RATIO; statistic++)
            put_value(stream, figure, statistic);
        fputc('\n', stream);
    }
    return fflush(stream) == 0 && !ferror(stream) ? 0 : -1;
}
