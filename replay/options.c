/* SPDX-License-Identifier: MIT */
#include "replay/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "malloc/size.h"
#include "replay/pass.h"
#include "replay/summary.h"

enum { ALIGNMENT_MAX = 4096, REGION_MAX = 1 << 20 };

static const char usage[] =
    "Usage: memreplay [OPTION]... TRACE...\n"
    "Tells what is in a trace that `memrun --record` wrote, how large a region must be to\n"
    "carry it, and what the region looks like. Several traces are compared in a table.\n"
    "\n"
    "      --fit              find the smallest region that carries the trace\n"
    "  -s, --size=SIZE        play it in a region of SIZE, and say whether and why it\n"
    "                         fails: bytes, as in 64M, 1.5G or 16MB\n"
    "  -a, --alignment=N,...  of all blocks: bytes, a power of two up to 4096 (8); with\n"
    "                         --fit, several are compared\n"
    "      --exact            only regions without caches\n"
    "      --malloc           play it on malloc() of this process, and say how much\n"
    "                         resident memory grew\n"
    "      --region=N         which region of a trace (the one with most events)\n"
    "      --json             tell it as JSON\n"
    "      --report=FILE      write a page that shows the region over time, in HTML; TRACE\n"
    "                         may also be a dump of a region, in JSON\n"
    "      --svg=FILE, --png=FILE\n"
    "                         write the map of that page alone\n"
    "      --import           write a trace from a file of mtrace or heaptrack\n"
    "      --compress         write a trace anew: in one order, and compressed\n"
    "  -o, --output=FILE      where these two write to\n"
    "      --help             show this, and exit\n"
    "      --version          show the version, and exit\n"
    "\n"
    "Exit status: 0; 1 if a region of SIZE does not carry the trace; 2 if an option or a\n"
    "file is wrong.\n";

static void advise(void)
{
    fputs("Try 'memreplay --help' for more information.\n", stderr);
    exit(STATUS_ERROR);
}

__attribute__((__format__(__printf__, 1, 2))) static void give_up(const char *format, ...)
{
    va_list arguments;

    fputs("memreplay: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    advise();
}

void options_end_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "memreplay: stdout: %s\n", strerror(errno));
        exit(STATUS_ERROR);
    }
}

static void print(const char *text)
{
    fputs(text, stdout);
    options_end_output();
    exit(EXIT_SUCCESS);
}

/* ------------------------------------------------------------------------------------------------
 * Values
 * --------------------------------------------------------------------------------------------- */

static bool is_alignment(size_t alignment)
{
    return alignment >= 8 && alignment <= ALIGNMENT_MAX && (alignment & (alignment - 1)) == 0;
}

static void read_alignments(const char *text, Options *options)
{
    const char *next = text;
    bool more = true;

    while (more) {
        size_t alignment = 0;

        next = size_digits(next, &alignment);
        if (next == NULL || (*next != '\0' && *next != ',') || !is_alignment(alignment)) {
            give_up("invalid alignment '%s': expected powers of two, 8 to %d", text, ALIGNMENT_MAX);
            return;
        }
        if (options->alignment_count == OPTIONS_ALIGNMENTS) {
            give_up("too many alignments: expected %d at most", OPTIONS_ALIGNMENTS);
            return;
        }
        options->alignments[options->alignment_count++] = alignment;
        more = *next++ == ',';
    }
}

static void read_size(const char *text, Options *options)
{
    size_t size;

    if (!size_read(text, &size)) {
        give_up("invalid size '%s': expected %s", text, SIZE_SYNTAX);
    }
    options->size = size;
}

static void read_region(const char *text, Options *options)
{
    size_t region;
    const char *end = size_digits(text, &region);

    if (end == NULL || *end != '\0' || region >= REGION_MAX) {
        give_up("invalid region '%s': expected a number", text);
    }
    options->region = (uint32_t)region;
}

/* ------------------------------------------------------------------------------------------------
 * Options
 * --------------------------------------------------------------------------------------------- */

enum { FIT = 256, EXACT, MALLOC, REGION, JSON, REPORT, SVG, PNG, IMPORT, COMPRESS, HELP, VERSION };

static const struct option long_options[] = {{"fit", no_argument, NULL, FIT},
                                             {"size", required_argument, NULL, 's'},
                                             {"alignment", required_argument, NULL, 'a'},
                                             {"exact", no_argument, NULL, EXACT},
                                             {"malloc", no_argument, NULL, MALLOC},
                                             {"region", required_argument, NULL, REGION},
                                             {"json", no_argument, NULL, JSON},
                                             {"report", required_argument, NULL, REPORT},
                                             {"svg", required_argument, NULL, SVG},
                                             {"png", required_argument, NULL, PNG},
                                             {"import", no_argument, NULL, IMPORT},
                                             {"compress", no_argument, NULL, COMPRESS},
                                             {"output", required_argument, NULL, 'o'},
                                             {"help", no_argument, NULL, HELP},
                                             {"version", no_argument, NULL, VERSION},
                                             {NULL, 0, NULL, 0}};

/* Sets what the program is to write. */
static void choose_task(Options *options, OptionsTask task)
{
    if (options->task != TASK_TELL && options->task != task) {
        give_up("--import and --compress: expected one of them");
    }
    options->task = task;
}

/* Options that are files to write, or end the program. */
static void read_other(int option, Options *options)
{
    switch (option) {
    case REPORT:
        options->html = optarg;
        break;
    case SVG:
        options->svg = optarg;
        break;
    case PNG:
        options->png = optarg;
        break;
    case IMPORT:
        choose_task(options, TASK_IMPORT);
        break;
    case COMPRESS:
        choose_task(options, TASK_COMPRESS);
        break;
    case 'o':
        options->output = optarg;
        break;
    case HELP:
        print(usage);
        break;
    case VERSION:
        print("memreplay (libmem) " PACKAGE_VERSION "\n");
        break;
    default: /* getopt_long has said what is wrong */
        advise();
    }
}

static void read_option(int option, Options *options)
{
    switch (option) {
    case FIT:
        options->fit = true;
        break;
    case 's':
        read_size(optarg, options);
        break;
    case 'a':
        read_alignments(optarg, options);
        break;
    case EXACT:
        options->exact = true;
        break;
    case MALLOC:
        options->rival = true;
        break;
    case REGION:
        read_region(optarg, options);
        break;
    case JSON:
        options->json = true;
        break;
    default:
        read_other(option, options);
    }
}

/* Checks that a picture does not overwrite its trace. */
static void check_picture(const Options *options, const char *path)
{
    struct stat from;
    struct stat to;

    if (path != NULL && stat(options->files[0], &from) == 0 && stat(path, &to) == 0 &&
        from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
        give_up("'%s' is the trace itself", path);
    }
}

/* Returns whether there is an option about a region. */
static bool asks(const Options *options)
{
    return options->fit || options->size != 0 || options->alignment_count != 0 || options->exact ||
           options->rival || options->json || options->region != SUMMARY_ANY;
}

static void check(const Options *options)
{
    bool writes = options->task != TASK_TELL;
    bool draws = options->html != NULL || options->svg != NULL || options->png != NULL;

    if (options->file_count == 0) {
        give_up("no trace is given");
    }
    if (options->file_count > 1 && (writes || draws)) {
        give_up("'%s': --report, --svg, --png, --import and --compress take one file",
                options->files[1]);
    }
    if (options->alignment_count > 1 && !options->fit) {
        give_up("several alignments are for --fit");
    }
    if (writes && options->output == NULL) {
        give_up("--output is missing: where to write the trace");
    }
    if (writes && (draws || asks(options))) {
        give_up("--import and --compress write a trace alone: give the other options to a run of "
                "its own");
    }
    if (!writes && options->output != NULL) {
        give_up("--output is for --import and --compress");
    }
    check_picture(options, options->html);
    check_picture(options, options->svg);
    check_picture(options, options->png);
}

Options options_read(int argc, char **argv)
{
    static char name[] = "memreplay";
    Options options = {.region = SUMMARY_ANY};
    int option;

    argv[0] = argc > 0 ? name : argv[0]; /* for getopt_long, which says what is wrong */
    while ((option = getopt_long(argc, argv, "s:a:o:", long_options, NULL)) != -1) {
        read_option(option, &options);
    }
    options.files = argv + optind;
    options.file_count = (size_t)(argc - optind);
    check(&options);
    if (options.alignment_count == 0) {
        options.alignments[options.alignment_count++] = 8;
    }
    return options;
}
