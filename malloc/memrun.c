/* SPDX-License-Identifier: MIT
 *
 * memrun PROGRAM: runs a program on a heap of libmem. It says so in the environment, and then becomes
 * the program; so signals and the exit status are the program's, and its children inherit the heap. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memrun-elf.h"
#include "memrun-record.h"
#include "size.h"

/* Exit statuses of memrun itself, as of env(1) and the like. */
enum { STATUS_FAILED = 125, STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127 };

static const char usage[] =
    "Usage: memrun [OPTION]... PROGRAM [ARGUMENT]...\n"
    "Runs PROGRAM, unchanged, with all of its memory in one region of fixed size.\n"
    "\n"
    "  -s, --size=SIZE          size of the region: bytes, as in 64M, 1.5G or\n"
    "                           16MB, or a percentage of the available memory,\n"
    "                           as in 50% (100%)\n"
    "  -m, --misuse=ACTION      what to do about a pointer that cannot be freed:\n"
    "                           ignore, warn, or abort (abort)\n"
    "      --stats[=FORMAT]     at exit, report memory use: text or json (text)\n"
    "      --stats-file=FILE    append the report to FILE, not to stderr\n"
    "      --children           the children of PROGRAM report, too\n"
    "      --exact              keep no free blocks ready for each thread\n"
    "      --force              run PROGRAM even if it cannot have this heap\n"
    "      --record=FILE        record all that is allocated, resized and freed;\n"
    "                           with %p in FILE, in a file for each process\n"
    "      --stack=N            record N callers beyond the first one (0)\n"
    "      --help               show this, and exit\n"
    "      --version            show the version, and exit\n"
    "\n"
    "Children of PROGRAM run likewise, each with a region of its own. memrun ends as\n"
    "PROGRAM does; or with 125 if it fails itself, 126 if PROGRAM cannot be run, and\n"
    "127 if it cannot be found.\n";

typedef struct Settings {
    const char *size;       /* value of LIBMEM_SIZE; NULL: not given, here and below */
    const char *misuse;     /* value of LIBMEM_MISUSE */
    const char *stats;      /* value of LIBMEM_STATS */
    const char *stats_file; /* value of LIBMEM_STATS_FILE */
    bool exact;             /* LIBMEM_EXACT will be 1 */
    bool children;          /* children report, too */
    bool force;             /* PROGRAM runs even if the module cannot be loaded into it */
    const char *record;     /* file to record in, perhaps with %p */
    const char *stack;      /* number of callers to record beyond the first one */
} Settings;

/* Writes an error message to stderr and exits. */
__attribute__((__format__(__printf__, 2, 3), __noreturn__)) static void give_up(int status,
                                                                                const char *format,
                                                                                ...)
{
    va_list arguments;

    fputs("memrun: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(status);
}

static const char *const formats[] = {"text", "json", NULL}; /* of reports */

static void set(const char *name, const char *value)
{
    if (value != NULL && setenv(name, value, 1) != 0) {
        give_up(STATUS_FAILED, "%s: %s", name, strerror(errno));
    }
}

static bool is_one_of(const char *value, const char *const *values)
{
    while (*values != NULL && strcmp(value, *values) != 0) {
        values++;
    }
    return *values != NULL;
}

/* Returns whether a text is a number in range. */
static bool is_number(const char *text, size_t most)
{
    size_t number;
    const char *end = size_digits(text, &number);

    return end != NULL && *end == '\0' && number <= most;
}

static void check_settings(const Settings *settings)
{
    static const char *const actions[] = {"ignore", "warn", "abort", NULL};
    size_t size;

    if (settings->size != NULL && !size_read(settings->size, &size)) {
        give_up(STATUS_FAILED, "invalid size '%s': expected %s", settings->size, SIZE_SYNTAX);
    }
    if (settings->misuse != NULL && !is_one_of(settings->misuse, actions)) {
        give_up(STATUS_FAILED, "unknown action '%s': expected ignore, warn or abort",
                settings->misuse);
    }
    if (settings->stats != NULL && !is_one_of(settings->stats, formats)) {
        give_up(STATUS_FAILED, "unknown format '%s': expected text or json", settings->stats);
    }
    if (settings->stats_file != NULL && settings->stats_file[0] == '\0') {
        give_up(STATUS_FAILED, "invalid file name '' for a report");
    }
    if (settings->children && settings->stats == NULL && settings->stats_file == NULL) {
        give_up(STATUS_FAILED, "--children needs --stats");
    }
    if (settings->record != NULL && settings->record[0] == '\0') {
        give_up(STATUS_FAILED, "invalid file name '' for a trace");
    }
    if (settings->stack != NULL && !is_number(settings->stack, MEMRUN_STACK)) {
        give_up(STATUS_FAILED, "invalid number of callers '%s': expected 0 to %d", settings->stack,
                MEMRUN_STACK);
    }
    if (settings->stack != NULL && settings->record == NULL) {
        give_up(STATUS_FAILED, "--stack needs --record");
    }
}

static void print(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) != 0) {
        give_up(STATUS_FAILED, "stdout: %s", strerror(errno));
    }
    exit(EXIT_SUCCESS);
}

/* Reads the options. Returns the index of the program in the arguments. */
static int read_options(int argc, char **argv, Settings *settings)
{
    enum { STATS = 256, STATS_FILE, CHILDREN, EXACT, FORCE, RECORD, STACK, HELP, VERSION };
    static const struct option options[] = {{"size", required_argument, NULL, 's'},
                                            {"misuse", required_argument, NULL, 'm'},
                                            {"stats", optional_argument, NULL, STATS},
                                            {"stats-file", required_argument, NULL, STATS_FILE},
                                            {"children", no_argument, NULL, CHILDREN},
                                            {"exact", no_argument, NULL, EXACT},
                                            {"force", no_argument, NULL, FORCE},
                                            {"record", required_argument, NULL, RECORD},
                                            {"stack", required_argument, NULL, STACK},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {NULL, 0, NULL, 0}};
    int option;

    /* The first argument that is not an option is the program; the rest belongs to it. */
    while ((option = getopt_long(argc, argv, "+s:m:", options, NULL)) != -1) {
        switch (option) {
        case 's':
            settings->size = optarg;
            break;
        case 'm':
            settings->misuse = optarg;
            break;
        case STATS:
            settings->stats = optarg == NULL ? "text" : optarg;
            break;
        case STATS_FILE:
            settings->stats_file = optarg;
            break;
        case CHILDREN:
            settings->children = true;
            break;
        case EXACT:
            settings->exact = true;
            break;
        case FORCE:
            settings->force = true;
            break;
        case RECORD:
            settings->record = optarg;
            break;
        case STACK:
            settings->stack = optarg;
            break;
        case HELP:
            print(usage);
            break;
        case VERSION:
            print("memrun (libmem) " PACKAGE_VERSION "\n");
            break;
        default: /* getopt_long has written a message */
            fputs("Try 'memrun --help' for more information.\n", stderr);
            exit(STATUS_FAILED);
        }
    }
    return optind;
}

/* Makes a file name absolute: the program may change directory before it opens the file, or has
 * children. */
static char *make_absolute(const char *file)
{
    char directory[PATH_MAX] = "";
    char *path;

    if ((file[0] != '/' && getcwd(directory, sizeof directory) == NULL) ||
        asprintf(&path, "%s%s%s", directory, file[0] == '/' ? "" : "/", file) < 0) {
        give_up(STATUS_FAILED, "%s: %s", file, strerror(errno));
    }
    return path;
}

/* Checks that a file is a shared object that programs like this one can load. */
static void check_module(const char *module)
{
    int file = open(module, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        give_up(STATUS_FAILED, "%s: %s", module, strerror(errno));
    }
    if (!memrun_is_module(file)) {
        give_up(STATUS_FAILED, "%s: not a loadable module for this system", module);
    }
    close(file);
}

/* Puts the module first in LD_PRELOAD. The loader only warns of a module that it cannot find, and
 * the program would run without its limit. */
static void set_preload(void)
{
    const char *wanted = getenv("LIBMEM_MODULE");
    const char *others = getenv("LD_PRELOAD");
    char *module = make_absolute(wanted == NULL || *wanted == '\0' ? MODULE : wanted);
    char *list;

    check_module(module);
    if (strpbrk(module, ": ") != NULL) {
        give_up(STATUS_FAILED, "%s: the name of a preloaded module cannot have a colon or a space",
                module);
    }
    if (others == NULL) {
        others = "";
    }
    if (asprintf(&list, "%s%s%s", module, *others == '\0' ? "" : ":", others) < 0) {
        give_up(STATUS_FAILED, "LD_PRELOAD: %s", strerror(errno));
    }
    set("LD_PRELOAD", list);
    free(list);
    free(module);
}

/* Checks that the report can be written: an error now is better than one at the end. */
static void check_stats_file(const char *file)
{
    FILE *stream = fopen(file, "a");

    if (stream == NULL) {
        give_up(STATUS_FAILED, "%s: %s", file, strerror(errno));
    }
    fclose(stream);
}

/* Sets up recording. */
static void set_record(const Settings *settings)
{
    const char *wrong;
    char *file;

    if (settings->record == NULL) {
        return;
    }
    file = make_absolute(settings->record);
    wrong = memrun_record(file, settings->stack == NULL ? "0" : settings->stack);
    if (wrong != NULL) {
        give_up(STATUS_FAILED, "%s: %s", wrong, strerror(errno));
    }
    free(file);
}

/* Says whose reports are wanted. PROGRAM will be this process. */
static void set_reporter(const Settings *settings)
{
    char process[24] = ""; /* each */

    if (!settings->children) {
        snprintf(process, sizeof process, "%ld", (long)getpid());
    }
    if (settings->stats != NULL || settings->stats_file != NULL) {
        set("LIBMEM_STATS_PROCESS", process);
    }
}

static void set_environment(const Settings *settings)
{
    const char *stats = settings->stats;
    char *stats_file = NULL;

    if (settings->stats_file != NULL) {
        check_stats_file(settings->stats_file);
        stats_file = make_absolute(settings->stats_file);
        stats = stats == NULL ? "text" : stats;
    }
    set("LIBMEM_SIZE", settings->size);
    set("LIBMEM_MISUSE", settings->misuse);
    set("LIBMEM_STATS", stats);
    set("LIBMEM_STATS_FILE", stats_file);
    set_reporter(settings);
    free(stats_file);
    set("LIBMEM_EXACT", settings->exact ? "1" : NULL);
    set_preload();
    set_record(settings);
}

/* Checks that the module can be loaded into the program. Where a limit is wanted, a program without
 * one must not run unnoticed. */
static void check_program(const Settings *settings, const char *program)
{
    const char *size = settings->size == NULL ? getenv("LIBMEM_SIZE") : settings->size;
    char path[PATH_MAX];
    const char *obstacle = settings->force ? NULL : memrun_obstacle(program, path);

    if (obstacle == NULL) {
        return;
    }
    if (size != NULL && *size != '\0') {
        give_up(STATUS_FAILED,
                "%s %s: libmem cannot be loaded, there would be no limit; --force runs it", path,
                obstacle);
    }
    fprintf(stderr, "memrun: warning: %s %s: libmem cannot be loaded\n", path, obstacle);
}

/* Checks whether a format stands where a program must: after --stats and a blank. */
static void check_format(const Settings *settings, const char *program)
{
    char path[PATH_MAX];

    if (settings->stats != NULL && is_one_of(program, formats) &&
        !memrun_find(program, X_OK, path)) {
        give_up(STATUS_FAILED, "no program '%s' found: did you mean '--stats=%s'?", program,
                program);
    }
}

/* Writes why the program could not be run, and exits. */
__attribute__((__noreturn__)) static void tell_not_run(const char *program, int error)
{
    char path[PATH_MAX];

    /* If the path has an unreadable directory, execvp() fails with EACCES even though no such
     * program exists. */
    if (strchr(program, '/') == NULL && !memrun_find(program, F_OK, path)) {
        error = ENOENT;
    }
    give_up(error == ENOENT || error == ENOTDIR ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, "%s: %s",
            program, strerror(error));
}

int main(int argc, char **argv)
{
    static char name[] = "memrun";
    Settings settings = {.size = NULL};
    int program;

    argv[0] = argc > 0 ? name : argv[0]; /* for messages of getopt_long */
    program = read_options(argc, argv, &settings);
    if (program >= argc) {
        give_up(STATUS_FAILED, "no program given; try 'memrun --help'");
    }
    check_settings(&settings);
    check_format(&settings, argv[program]);
    check_program(&settings, argv[program]);
    set_environment(&settings);
    execvp(argv[program], argv + program);
    tell_not_run(argv[program], errno);
}
