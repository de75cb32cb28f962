/* SPDX-License-Identifier: MIT
 *
 * memreplay TRACE: tells what a trace has, and how large a region must be to carry it. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "malloc/size.h"
#include "replay/findings.h"
#include "replay/import.h"
#include "replay/latency.h"
#include "replay/pass.h"

enum { ALIGNMENT_MAX = 4096, REGION_MAX = 1 << 20 };

static const char usage[] =
    "Usage: memreplay [OPTION]... TRACE\n"
    "Tells what a trace has that `memrun --record` wrote, and how large a region must be\n"
    "to carry it.\n"
    "\n"
    "      --fit              find the smallest region that carries the trace\n"
    "  -s, --size=SIZE        play it in a region of SIZE, and say whether and why it\n"
    "                         fails: bytes, or with K, M, G or T behind it\n"
    "  -a, --alignment=N,...  of all blocks: bytes, a power of two up to 4096 (8); with\n"
    "                         --fit, several are compared\n"
    "      --exact            only regions without caches\n"
    "      --malloc           play it on malloc() of this process, and say how much\n"
    "                         resident memory grew\n"
    "      --region=N         of a trace of several, the region (the one with most events)\n"
    "      --json             tell it as JSON\n"
    "      --import=FILE      write TRACE from FILE, of mtrace or heaptrack\n"
    "      --help             show this, and exit\n"
    "      --version          show the version, and exit\n"
    "\n"
    "Exit status: 0; 1 if a region of SIZE does not carry the trace; 2 if an option or a\n"
    "file is wrong.\n";

/* What is asked for. */
typedef struct Wanted {
    uint64_t size;                     /* bytes; 0: not asked for */
    uint64_t alignments[FITS_MAX / 2]; /* bytes */
    size_t alignment_count;            /* 1 or more after all were read */
    uint32_t region;                   /* SUMMARY_ANY: not asked for */
    bool fit, exact, rival, json;
    const char *import; /* NULL: not asked for */
    const char *trace;
} Wanted;

__attribute__((__format__(__printf__, 1, 2))) static _Noreturn void give_up(const char *format, ...)
{
    va_list arguments;

    fputs("memreplay: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\nTry 'memreplay --help' for more information.\n", stderr);
    exit(STATUS_ERROR);
}

static void end_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "memreplay: stdout: %s\n", strerror(errno));
        exit(STATUS_ERROR);
    }
}

static _Noreturn void print(const char *text)
{
    fputs(text, stdout);
    end_output();
    exit(EXIT_SUCCESS);
}

/* ------------------------------------------------------------------------------------------------
 * Options
 * --------------------------------------------------------------------------------------------- */

static void read_alignments(const char *text, Wanted *wanted)
{
    const char *next = text;

    do {
        size_t alignment;

        next = size_digits(next, &alignment);
        if (next == NULL || (*next != '\0' && *next != ',') || alignment < 8 ||
            alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0) {
            give_up("invalid alignment '%s': expected powers of two, 8 to %d", text, ALIGNMENT_MAX);
        }
        if (wanted->alignment_count == FITS_MAX / 2) {
            give_up("more than %d alignments", FITS_MAX / 2);
        }
        wanted->alignments[wanted->alignment_count++] = alignment;
    } while (*next++ == ',');
}

static void read_size(const char *text, Wanted *wanted)
{
    size_t size;

    if (!size_read(text, &size)) {
        give_up("invalid size '%s': expected %s", text, SIZE_SYNTAX);
    }
    wanted->size = size;
}

static void read_region(const char *text, Wanted *wanted)
{
    size_t region;
    const char *end = size_digits(text, &region);

    if (end == NULL || *end != '\0' || region >= REGION_MAX) {
        give_up("invalid region '%s': expected its number", text);
    }
    wanted->region = (uint32_t)region;
}

enum { FIT = 256, EXACT, MALLOC, REGION, JSON, IMPORT, HELP, VERSION };

static const struct option options[] = {{"fit", no_argument, NULL, FIT},
                                        {"size", required_argument, NULL, 's'},
                                        {"alignment", required_argument, NULL, 'a'},
                                        {"exact", no_argument, NULL, EXACT},
                                        {"malloc", no_argument, NULL, MALLOC},
                                        {"region", required_argument, NULL, REGION},
                                        {"json", no_argument, NULL, JSON},
                                        {"import", required_argument, NULL, IMPORT},
                                        {"help", no_argument, NULL, HELP},
                                        {"version", no_argument, NULL, VERSION},
                                        {NULL, 0, NULL, 0}};

static void read_option(int option, Wanted *wanted)
{
    switch (option) {
    case FIT:
        wanted->fit = true;
        break;
    case 's':
        read_size(optarg, wanted);
        break;
    case 'a':
        read_alignments(optarg, wanted);
        break;
    case EXACT:
        wanted->exact = true;
        break;
    case MALLOC:
        wanted->rival = true;
        break;
    case REGION:
        read_region(optarg, wanted);
        break;
    case JSON:
        wanted->json = true;
        break;
    case IMPORT:
        wanted->import = optarg;
        break;
    case HELP:
        print(usage);
    case VERSION:
        print("memreplay (libmem) " PACKAGE_VERSION "\n");
    default: /* getopt_long has said what is wrong */
        fputs("Try 'memreplay --help' for more information.\n", stderr);
        exit(STATUS_ERROR);
    }
}

static Wanted read_options(int argc, char **argv)
{
    Wanted wanted = {.region = SUMMARY_ANY};
    int option;

    while ((option = getopt_long(argc, argv, "s:a:", options, NULL)) != -1) {
        read_option(option, &wanted);
    }
    if (optind + 1 != argc) {
        give_up(optind < argc ? "more than one trace is given" : "no trace is given");
    }
    if (wanted.alignment_count == 0) {
        wanted.alignments[wanted.alignment_count++] = 8;
    }
    wanted.trace = argv[optind];
    return wanted;
}

/* ------------------------------------------------------------------------------------------------
 * What is to be found out
 * --------------------------------------------------------------------------------------------- */

static void find_fits(const Wanted *wanted, Findings *findings)
{
    const Fit *last;
    PlayerOptions below;

    for (size_t i = 0; i < wanted->alignment_count; i++) {
        uint64_t alignment = wanted->alignments[i];
        Fit fit = {.options = {.alignment = alignment},
                   .bound = findings->summary.bounds[__builtin_ctzll(alignment)]};

        if (!wanted->exact) {
            findings->fits[findings->fit_count++] = fit;
        }
        fit.options.exact = true;
        findings->fits[findings->fit_count++] = fit;
    }
    fit_find(&findings->trace, findings->fits, findings->fit_count, findings->summary.events);
    findings->advice = findings_advise(&findings->summary, &findings->fits[0]);
    last = &findings->fits[findings->fit_count - 1];
    findings->below.carried = true;
    if (last->options.size > last->least) {
        below = last->options;
        below.size -= 4096;
        findings->below = room_play(&findings->trace, &below);
    }
}

/* Finds out how long calls take: in a region of the size that is recommended, or else one that is large. */
static void find_latency(const Wanted *wanted, Findings *findings)
{
    findings->measured = (PlayerOptions){
        .size = findings->fit_count != 0 ? findings->advice.bytes
                                         : 2 * findings->summary.peak.rounded + (1 << 20),
        .alignment = wanted->alignments[0],
        .exact = wanted->exact,
    };
    findings->latency = latency_measure(&findings->trace, &findings->measured);
}

static void find_all(const Wanted *wanted, Findings *findings)
{
    RivalProcess *rival = wanted->rival ? rival_start() : NULL;

    findings->path = findings->trace.path = wanted->trace;
    findings->trace.trace = pass_open(wanted->trace);
    findings->symbols = symbols_open(findings->trace.trace);
    findings->summary = summary_read(findings->trace.trace, wanted->region);
    findings->trace.region = findings->summary.region;
    findings->full = !wanted->fit && wanted->size == 0 && !wanted->rival;
    if (wanted->rival) {
        findings->rival = rival_finish(rival, &findings->trace);
        findings->has_rival = true;
    }
    if (wanted->fit) {
        find_fits(wanted, findings);
    }
    if (wanted->size != 0) {
        findings->has_room = true;
        findings->options = (PlayerOptions){wanted->size, wanted->alignments[0], wanted->exact};
        findings->room = room_play(&findings->trace, &findings->options);
    }
    if (findings->full || wanted->fit) {
        find_latency(wanted, findings);
    }
}

static void end(Findings *findings)
{
    free(findings->latency);
    room_free(&findings->below);
    room_free(&findings->room);
    summary_free(&findings->summary);
    symbols_close(findings->symbols);
    trace_close(findings->trace.trace);
}

static int import(const Wanted *wanted)
{
    TraceError error;

    if (!import_file(wanted->import, wanted->trace, &error)) {
        pass_fail(&error);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static char name[] = "memreplay";
    static Findings findings;
    Wanted wanted;
    bool failed;

    argv[0] = argc > 0 ? name : argv[0]; /* for getopt_long, which says what is wrong */
    wanted = read_options(argc, argv);
    if (wanted.import != NULL) {
        return import(&wanted);
    }
    find_all(&wanted, &findings);
    if (wanted.json) {
        findings_print_json(&findings);
    } else {
        findings_print(&findings);
    }
    end_output();
    failed = findings.has_room && !findings.room.carried;
    end(&findings);
    return failed ? STATUS_FAILED : STATUS_CARRIED;
}
