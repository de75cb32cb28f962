/* SPDX-License-Identifier: MIT
 *
 * Rounds: one process each, so that no contender sees what another one left behind. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* for dl_iterate_phdr() */
#endif
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const char round_option[] = "--round";

static const char probe[] = "probe";
static const char this_program[] = "/proc/self/exe";

/* Arguments of such a process, after the program's name and round_option. */
enum { MEASURE = 2, HEAP, SIZES, REGION, LIVE, THREADS, PAIRS, SEED, ARGUMENTS };

typedef int Measure(const Heap *heap, const Setting *setting);

/* ------------------------------------------------------------------------------------------------
 * In the process of the round
 * --------------------------------------------------------------------------------------------- */

void emit(const char *figure, const char *unit, double value)
{
    printf("%s %s %.17g\n", figure, unit, value);
}

void emit_memory(const Heap *heap)
{
    char line[128];
    double kibibytes = 0;
    FILE *file = heap->bounded ? NULL : fopen("/proc/self/status", "r");

    while (file != NULL && !(kibibytes > 0) && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "VmHWM: %lf", &kibibytes);
    if (file != NULL)
        fclose(file);
    if (kibibytes > 0)
        emit("memory", "MiB", kibibytes / 1024);
}

static Measure *measure_find(const char *name)
{
    static const struct {
        const char *name;
        Measure *run;
    } measures[] = {
        {"ns", measure_ns},         {"instr", measure_instr},   {"scale", measure_instr},
        {"brim", measure_brim},     {"fill", measure_fill},     {"largest", measure_largest},
        {"remote", measure_remote}, {"server", measure_server}, {"burst", measure_burst},
        {"spawn", measure_spawn},   {"apart", measure_apart},   {"calloc", measure_calloc}};

    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        if (strcmp(measures[i].name, name) == 0)
            return measures[i].run;
    }
    return NULL;
}

static int ends_with_library(struct dl_phdr_info *object, size_t size, void *library)
{
    size_t length = strlen(library);
    size_t all = strlen(object->dlpi_name);

    (void)size;
    return all >= length && strcmp(object->dlpi_name + all - length, library) == 0;
}

int round_main(int argc, char **argv)
{
    if (argc == HEAP + 1 && strcmp(argv[MEASURE], probe) == 0)
        return dl_iterate_phdr(ends_with_library, argv[HEAP]) != 0 ? 0 : 1;
    if (argc != ARGUMENTS || !sizes_known(argv[SIZES]))
        return 2;

    Measure *measure = measure_find(argv[MEASURE]);
    const Heap *heap = heap_find(argv[HEAP]);
    Setting setting = {.region = strtoull(argv[REGION], NULL, 10),
                       .live = strtoull(argv[LIVE], NULL, 10),
                       .threads = strtoull(argv[THREADS], NULL, 10),
                       .pairs = strtoull(argv[PAIRS], NULL, 10),
                       .seed = strtoull(argv[SEED], NULL, 10)};
    if (measure == NULL || heap == NULL)
        return 2;
    snprintf(setting.sizes, sizeof setting.sizes, "%s", argv[SIZES]);

    /* Uses pages of one size for all contenders, whatever the system's default. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    workload_init(&setting);
    int status = measure(heap, &setting);
    if (fflush(stdout) != 0)
        status = 1;
    _exit(status); /* without freeing the blocks, whatever looks for leaks */
}

/* ------------------------------------------------------------------------------------------------
 * In the process that waits for it
 * --------------------------------------------------------------------------------------------- */

/* Prepares to execute this program again: preloads library, if it is not NULL, and redirects output
 * and messages, if they are not -1. */
static void prepare(const char *library, int output, int messages)
{
    const char *before = getenv("LD_PRELOAD");
    char preload[4096];

    if (library != NULL) {
        snprintf(preload, sizeof preload, "%s%s%s", library, before != NULL ? ":" : "",
                 before != NULL ? before : "");
        setenv("LD_PRELOAD", preload, 1);
    }
    if (output >= 0)
        dup2(output, STDOUT_FILENO);
    if (messages >= 0)
        dup2(messages, STDERR_FILENO);
}

static int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) != child) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Replaces this process by a round of the contender. */
static void start(const Contender *contender, const Setting *setting, int output)
{
    char region[24], live[24], threads[24], pairs[24], seed[24];

    snprintf(region, sizeof region, "%" PRIu64, setting->region);
    snprintf(live, sizeof live, "%" PRIu64, setting->live);
    snprintf(threads, sizeof threads, "%" PRIu64, setting->threads);
    snprintf(pairs, sizeof pairs, "%" PRIu64, setting->pairs);
    snprintf(seed, sizeof seed, "%" PRIu64, setting->seed);
    prepare(contender->library, output, -1);
    execl(this_program, "bench", round_option, setting->measure, contender->heap, setting->sizes,
          region, live, threads, pairs, seed, (char *)NULL);
    _exit(127);
}

int round_run(const Contender *contender, const Setting *setting)
{
    char figure[24], unit[8];
    double value;
    int ends[2];

    if (pipe(ends) != 0)
        return -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        start(contender, setting, ends[1]);
    }
    close(ends[1]);
    FILE *stream = fdopen(ends[0], "r");
    while (child > 0 && stream != NULL && fscanf(stream, "%23s %7s %lf", figure, unit, &value) == 3)
        figure_add(contender, setting, figure, unit, value);
    if (stream != NULL)
        fclose(stream);
    return child > 0 ? wait_for(child) : -1;
}

int round_can_preload(const char *library)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY); /* the loader complains of what it cannot preload */
        prepare(library, -1, null);
        execl(this_program, "bench", round_option, probe, library, (char *)NULL);
        _exit(127);
    }
    return child > 0 && wait_for(child) == 0;
}
