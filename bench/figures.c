/* SPDX-License-Identifier: MIT
 *
 * The figures, and statistics over them. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FIGURES = 4096 };

const char reference_name[] = "glibc";

static Figure figures[MOST_FIGURES];
static size_t figure_count;

int setting_equal(const Setting *a, const Setting *b)
{
    return strcmp(a->measure, b->measure) == 0 && strcmp(a->sizes, b->sizes) == 0 &&
           a->region == b->region && a->live == b->live && a->threads == b->threads &&
           a->pairs == b->pairs;
}

static Figure *find(const Contender *contender, const Setting *setting, const char *name)
{
    for (size_t i = 0; i < figure_count; i++) {
        Figure *figure = &figures[i];
        int same = contender != NULL ? figure->contender == contender
                                     : strcmp(figure->contender->name, reference_name) == 0;
        if (same && strcmp(figure->name, name) == 0 && setting_equal(&figure->setting, setting))
            return figure;
    }
    return NULL;
}

static Figure *find_or_make(const Contender *contender, const Setting *setting, const char *name,
                            const char *unit)
{
    Figure *figure = find(contender, setting, name);

    if (figure != NULL)
        return figure;
    if (figure_count == MOST_FIGURES) {
        fputs("bench: too many figures for one run\n", stderr);
        exit(EXIT_FAILURE);
    }
    figure = &figures[figure_count++];
    *figure = (Figure){.contender = contender, .setting = *setting};
    snprintf(figure->name, sizeof figure->name, "%s", name);
    snprintf(figure->unit, sizeof figure->unit, "%s", unit);
    return figure;
}

void figure_add(const Contender *contender, const Setting *setting, const char *name,
                const char *unit, double value)
{
    Figure *figure = find_or_make(contender, setting, name, unit);

    if (figure->count < MOST_ROUNDS)
        figure->samples[figure->count++] = value;
}

void figure_skip(const Contender *contender, const Setting *setting)
{
    find_or_make(contender, setting, "skipped", "NA");
}

const Figure *figure_at(size_t index)
{
    return index < figure_count ? &figures[index] : NULL;
}

const Figure *figure_find(const Contender *contender, const Setting *setting, const char *name)
{
    return find(contender, setting, name);
}

/* ------------------------------------------------------------------------------------------------
 * Statistics
 * --------------------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int compare_counts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Computes the ratio of the least samples. */
static int least_ratio(const Figure *figure, double *value)
{
    const Figure *reference = find(NULL, &figure->setting, figure->name);
    double least;

    if (reference == NULL || figure_value(reference, LEAST, &least) != 0 || !(least > 0) ||
        figure_value(figure, LEAST, value) != 0)
        return -1;
    *value /= least;
    return 0;
}

int figure_value(const Figure *figure, Statistic statistic, double *value)
{
    if (statistic == LEAST_RATIO)
        return least_ratio(figure, value);

    double sorted[MOST_ROUNDS];
    size_t count = figure->count;
    const Figure *reference = statistic == RATIO ? find(NULL, &figure->setting, figure->name)
                                                 : NULL;

    if (count == 0 || (statistic == RATIO && (reference == NULL || reference->count != count)))
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (reference != NULL && !(reference->samples[i] > 0))
            return -1;
        sorted[i] = figure->samples[i] / (reference != NULL ? reference->samples[i] : 1);
    }
    qsort(sorted, count, sizeof sorted[0], compare_doubles);
    if (statistic == LEAST)
        *value = sorted[0];
    else if (statistic == MOST)
        *value = sorted[count - 1];
    else
        *value = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    return 0;
}

double geometric_mean(const double *values, size_t count)
{
    double low = values[0], high = values[0];

    for (size_t i = 1; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    for (int step = 0; step < 60; step++) {
        double middle = (low + high) / 2;
        double product = 1; /* product of values / middle: falls as middle rises */
        for (size_t i = 0; i < count; i++)
            product *= values[i] / middle;
        if (product > 1)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

uint32_t quantile(uint32_t *values, size_t count, double share)
{
    size_t at = (size_t)(share * (double)count);

    qsort(values, count, sizeof values[0], compare_counts);
    return values[at < count ? at : count - 1];
}
