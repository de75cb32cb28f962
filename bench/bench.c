/* SPDX-License-Identifier: MIT
 *
 * The benchmark's command line. */
#include "plan.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

enum { USAGE = 2, MOST_MEASURES = 11 };

static const struct option long_options[] = {{"live", required_argument, NULL, 'l'},
                                             {"region", required_argument, NULL, 'r'},
                                             {"sizes", required_argument, NULL, 'd'},
                                             {"threads", required_argument, NULL, 'T'},
                                             {"pairs", required_argument, NULL, 'n'},
                                             {"calls", required_argument, NULL, 'c'},
                                             {"rounds", required_argument, NULL, 'k'},
                                             {"seed", required_argument, NULL, 's'},
                                             {"allocators", required_argument, NULL, 'a'},
                                             {"preload", required_argument, NULL, 'p'},
                                             {"allocator", required_argument, NULL, 'p'},
                                             {"tsv", required_argument, NULL, 't'},
                                             {"quick", no_argument, NULL, 'q'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static void print_help(void)
{
    puts("Usage: bench [OPTION]... [MEASURE]...\n"
         "Measures libmem beside the system's malloc and those that are installed, in turn.\n"
         "\n"
         "Measures (all, if none is named)\n"
         "  ns       nanoseconds of one free and one alloc in a steady random churn\n"
         "  instr    instructions of single calls, mean and worst, in churn and when full\n"
         "  fill     share of the region that is payload when it is full\n"
         "  scale    instructions as region and number of blocks grow\n"
         "  largest  the largest block of a fresh region\n"
         "  remote   nanoseconds where one thread allocates and another one frees, and the most\n"
         "           memory that was resident; so do the next\n"
         "  server   threads hand their blocks to successors\n"
         "  burst    threads allocate thousands of blocks, and free them\n"
         "  spawn    threads come and go\n"
         "  apart    threads replace small blocks of their own; and the share of cache lines with\n"
         "           blocks of more than one thread\n"
         "  calloc   blocks of up to 16 KiB that are zeroed; another thread frees a third\n"
         "\n"
         "Options\n"
         "  -l, --live=N,...         live blocks (ns 1000,20000,200000; instr 20000)\n"
         "  -r, --region=SIZE        size of the region, with K, M or G (64M); for ns and instr\n"
         "                           doubled until the live blocks fill no more than half of it\n"
         "  -d, --sizes=NAME,...     mix, small, big, wide (mix; ns and fill: the first three;\n"
         "                           apart: small; calloc: wide)\n"
         "  -T, --threads=N,...      threads of remote, server, burst, spawn, apart, calloc (2, "
         "the\n"
         "                           number of processors, 8); those of remote are in pairs\n"
         "  -n, --pairs=N            pairs of free and alloc that are timed (1000000)\n"
         "  -c, --calls=N            pairs of free and alloc that are stepped (20000)\n"
         "  -k, --rounds=N           rounds of times; fill has up to 3 of them (7)\n"
         "  -s, --seed=N             where random numbers begin (1)\n"
         "  -a, --allocators=NAME,...  only these\n"
         "  -p, --preload=NAME=LIB, --allocator=NAME=LIB\n"
         "                           another malloc, preloaded; may be given more than once\n"
         "  -t, --tsv=FILE           writes all figures there as tab-separated values\n"
         "  -q, --quick              a minute's run with rough figures; options after it prevail\n"
         "  -h, --help               prints this and exits");
}

/* ------------------------------------------------------------------------------------------------
 * Arguments
 * --------------------------------------------------------------------------------------------- */

static _Noreturn void end_usage(const char *what, const char *argument)
{
    fprintf(stderr, "bench: %s: '%s' (see --help)\n", what, argument);
    exit(USAGE);
}

/* Reads a number from 1 to most, up to the end of the text or a comma. Returns where it ends. */
static const char *read_number(const char *text, uint64_t most, int size, uint64_t *number)
{
    const char *start = text;
    char *end;

    if (*text < '0' || *text > '9')
        end_usage("not a number", start);
    errno = 0;
    uintmax_t value = strtoumax(text, &end, 10);
    if (value == 0 || errno != 0)
        end_usage("not a number", start);
    unsigned shift = 0;
    if (size && *end != '\0') {
        static const char letters[] = "KkMmGg";
        const char *letter = strchr(letters, *end++);
        if (letter == NULL)
            end_usage("not a size", start);
        shift = 10 * ((unsigned)(letter - letters) / 2 + 1);
    }
    if (value > most >> shift)
        end_usage("too large", start);
    *number = (uint64_t)value << shift;
    return end;
}

static uint64_t number_option(const char *text, uint64_t most, int size)
{
    uint64_t number;

    if (*read_number(text, most, size, &number) != '\0')
        end_usage("not a number", text);
    return number;
}

/* Reads at most `space` numbers separated by commas. Returns how many there are. */
static size_t read_numbers(const char *text, uint64_t most, uint64_t *numbers, size_t space)
{
    for (size_t count = 0;;) {
        if (count == space)
            end_usage("too many numbers", text);
        const char *end = read_number(text, most, 0, &numbers[count++]);
        if (*end == '\0')
            return count;
        if (*end != ',')
            end_usage("not a number", text);
        text = end + 1;
    }
}

static void set_lives(Options *options, const char *text)
{
    options->live_count = read_numbers(text, UINT32_MAX, options->lives, MOST_LIVES);
    options->step_live = options->lives[0];
}

static void add_threads(Options *options, uint64_t threads)
{
    for (size_t i = 0; i < options->thread_count; i++) {
        if (options->threads[i] == threads)
            return;
    }
    options->threads[options->thread_count++] = threads;
}

/* Sets the default numbers of threads: the fewest that can interfere, one for each processor, and
 * more. */
static void set_default_threads(Options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    add_threads(options, 2);
    if (processors > 2 && processors <= MOST_THREAD_NUMBER)
        add_threads(options, (uint64_t)processors);
    add_threads(options, 8);
}

static void set_sizes(Options *options, char *text)
{
    options->sizes_count = 0;
    options->sizes_given = 1;
    for (char *name = strtok(text, ","); name != NULL; name = strtok(NULL, ",")) {
        if (!sizes_known(name) || options->sizes_count == MOST_SIZES)
            end_usage("unknown sizes", name);
        options->sizes[options->sizes_count++] = name;
    }
    if (options->sizes_count == 0)
        end_usage("unknown sizes", text);
}

static void set_quick(Options *options)
{
    options->quick = 1;
    options->region = UINT64_C(16) << 20;
    options->pairs = 100000;
    options->calls = 1000;
    options->rounds = 2;
}

static void take_option(Options *options, int option, char *argument)
{
    switch (option) {
    case 'l':
        set_lives(options, argument);
        break;
    case 'r':
        options->region = number_option(argument, PTRDIFF_MAX / 2, 1);
        break;
    case 'd':
        set_sizes(options, argument);
        break;
    case 'T':
        options->thread_count = read_numbers(argument, MOST_THREAD_NUMBER, options->threads,
                                             MOST_THREADS);
        break;
    case 'n':
        options->pairs = number_option(argument, UINT32_MAX, 0);
        break;
    case 'c':
        options->calls = number_option(argument, UINT32_MAX, 0);
        break;
    case 'k':
        options->rounds = number_option(argument, MOST_ROUNDS, 0);
        break;
    case 's':
        options->seed = number_option(argument, UINT64_MAX, 0);
        break;
    case 'a':
        options->only = argument;
        break;
    case 'p':
        if (options->extra_count == MOST_EXTRA)
            end_usage("too many allocators", argument);
        options->extra[options->extra_count++] = argument;
        break;
    case 't':
        options->tsv = argument;
        break;
    case 'q':
        set_quick(options);
        break;
    case 'h':
        print_help();
        exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    default:
        fputs("Try 'bench --help'.\n", stderr);
        exit(USAGE);
    }
}

/* ------------------------------------------------------------------------------------------------
 * The run
 * --------------------------------------------------------------------------------------------- */

static void print_processor(void)
{
    char line[256];
    const char *model = NULL;
    struct utsname system;
    FILE *file = fopen("/proc/cpuinfo", "r");

    while (file != NULL && model == NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "model name", 10) == 0 && (model = strchr(line, ':')) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            model += 1 + (model[1] == ' ');
        }
    }
    if (file != NULL)
        fclose(file);
    if (uname(&system) == 0)
        printf("  machine     %s%s%ld processors, %s %s %s\n", model != NULL ? model : "",
               model != NULL ? ", " : "", sysconf(_SC_NPROCESSORS_ONLN), system.sysname,
               system.release, system.machine);
}

static void print_header(const Run *run, const char *missing)
{
    const Options *options = &run->options;

    puts("libmem's benchmark\n");
    print_processor();
    fputs("  allocators  ", stdout);
    for (size_t i = 0; i < run->count; i++) {
        printf("%s%s", i > 0 ? ", " : "", run->contenders[i].name);
#ifdef __GLIBC__
        if (strcmp(run->contenders[i].name, reference_name) == 0)
            printf(" %s", gnu_get_libc_version());
#endif
    }
    if (*missing != '\0')
        printf("\n  not found   %s", missing);
    printf("\n  rounds      %" PRIu64 " in turn, %s pairs timed, %s stepped, seed %" PRIu64 "\n\n",
           options->rounds, report_number(options->pairs), report_number(options->calls),
           options->seed);
    fflush(stdout);
}

/* Returns the index of the measure of that name. */
static size_t find_measure(const char *name)
{
    size_t index = 0;

    while (plan_name(index) != NULL && strcmp(plan_name(index), name) != 0)
        index++;
    if (plan_name(index) == NULL)
        end_usage("no such measure", name);
    return index;
}

/* Runs the named measures, or all, in their order. */
static void run_measures(Run *run, char **names, int count)
{
    int wanted[MOST_MEASURES] = {0};

    for (int i = 0; i < count; i++)
        wanted[find_measure(names[i])] = 1;
    for (size_t i = 0; plan_name(i) != NULL && !run->failed; i++) {
        if (count == 0 || wanted[i])
            plan_run(run, i);
    }
    if (run->skipped)
        puts("Instructions were skipped: counting them takes x86-64, and a system that lets a\n"
             "program step through itself.");
}

int main(int argc, char **argv)
{
    static Run run = {.options = {.lives = {1000, 20000, 200000},
                                  .live_count = 3,
                                  .step_live = 20000,
                                  .sizes = {"mix"},
                                  .sizes_count = 1,
                                  .region = UINT64_C(64) << 20,
                                  .pairs = 1000000,
                                  .calls = 20000,
                                  .rounds = 7,
                                  .seed = 1}};
    char missing[512];
    FILE *tsv = NULL;
    int option;

    if (argc > 1 && strcmp(argv[1], round_option) == 0)
        return round_main(argc, argv);
    while ((option = getopt_long(argc, argv, "l:r:d:T:n:c:k:s:a:p:t:qh", long_options, NULL)) != -1)
        take_option(&run.options, option, optarg);
    if (run.options.thread_count == 0)
        set_default_threads(&run.options);
    for (int i = optind; i < argc; i++)
        find_measure(argv[i]);
    if (run.options.tsv != NULL && (tsv = fopen(run.options.tsv, "w")) == NULL) {
        fprintf(stderr, "bench: %s: %s\n", run.options.tsv, strerror(errno));
        return EXIT_FAILURE;
    }
    run.count = contenders_find(run.contenders, run.options.extra, run.options.extra_count,
                                run.options.only, missing, sizeof missing);
    if (run.count == 0)
        return USAGE;
    print_header(&run, missing);
    run_measures(&run, argv + optind, argc - optind);
    if (tsv != NULL && (report_tsv(tsv) != 0 || fclose(tsv) != 0)) {
        fprintf(stderr, "bench: %s: %s\n", run.options.tsv, strerror(errno));
        return EXIT_FAILURE;
    }
    return run.failed || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
