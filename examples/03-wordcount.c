/* SPDX-License-Identifier: MIT
 *
 * A word index of a text, held wholly in one region of fixed size (see wordindex.h). Prints the
 * most frequent words, their lines, and a picture of the region. If the text needs more than the
 * region has, says so, and reports what was indexed so far. */
#include "wordindex.h"
#include "wordreport.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <mem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "03-wordcount"

enum { FAILED = 1, USAGE = 2 }; /* exit statuses besides EXIT_SUCCESS */

enum { LARGEST_BUFFER = 16384 }; /* bytes; in a small region, a sixteenth of it */

static const char *const default_paths[] = {
    "/usr/share/common-licenses/GPL-3",
    "/usr/share/common-licenses/GPL-2",
    "/usr/share/common-licenses/Apache-2.0",
};

static void say(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Writes one line to stderr. */
static void say(const char *format, ...)
{
    va_list arguments;

    fputs(NAME ": ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* ------------------------------------------------------------------------------------------------
 * The command line
 * --------------------------------------------------------------------------------------------- */

static void print_help(void)
{
    puts("Usage: " NAME " [OPTION]... [FILE]\n"
         "Makes a word index of FILE, wholly in a region of fixed size, and prints the most\n"
         "frequent words and what the region looks like then. FILE is a licence of the system's\n"
         "if none is given, and the standard input if it is -.\n\n"
         "  -s, --size=SIZE    size of the region in bytes, as in 64K, 16MB or 1.5G (256K)\n"
         "  -n, --words=COUNT  how many words to print (10)\n"
         "  -b, --blocks       print the blocks of the region first\n"
         "  -h, --help         print this and exit\n\n"
         "The exit status is 0 if all is well, 1 if the text could not be read or needs more\n"
         "than the region has, 2 if the command line is wrong.");
}

/* Reads a whole number. With units: or one with K, M or G behind it, perhaps with a fraction, and
 * with B or iB. Returns 0, or -1 if it is invalid. */
static int parse_number(const char *text, int units, size_t *number)
{
    static const char letters[] = "KkMmGg";
    size_t digits = strspn(text, units ? "0123456789." : "0123456789");
    char *end;
    double value = strtod(text, &end);

    if (*text < '0' || *text > '9' || end != text + digits)
        return -1;
    if (units && *end != '\0' && strchr(letters, *end) != NULL) {
        for (const char *letter = strchr(letters, *end++); letter >= letters; letter -= 2)
            value *= 1024;
        end += end[0] == 'i' && end[1] == 'B' ? 2 : end[0] == 'B';
    } else if (strchr(text, '.') != NULL) {
        return -1;
    }
    if (*end != '\0' || value >= (double)PTRDIFF_MAX)
        return -1;
    *number = (size_t)value;
    return 0;
}

/* Reports a wrong option. found: the result of getopt_long(). */
static int complain(int found, char **argv)
{
    if (found == ':')
        say("%s needs a value (see --help)", argv[optind - 1]);
    else if (optopt == 'h' || optopt == 'b')
        say("%s takes no value", optopt == 'h' ? "--help" : "--blocks");
    else if (optopt == 0)
        say("unknown option %s (see --help)", argv[optind - 1]);
    else
        say("unknown option -%c (see --help)", optopt);
    return USAGE;
}

/* Reads the command line. Returns -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, Settings *settings)
{
    static const struct option options[] = {{"size", required_argument, NULL, 's'},
                                            {"words", required_argument, NULL, 'n'},
                                            {"blocks", no_argument, NULL, 'b'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int found;

    opterr = 0;
    while ((found = getopt_long(argc, argv, ":s:n:bh", options, NULL)) != -1) {
        if (found == 's') {
            if (parse_number(optarg, 1, &settings->size) != 0 || settings->size == 0 ||
                settings->size > PTRDIFF_MAX) {
                say("invalid size '%s': expected bytes, as in 64K, 16MB or 1.5G", optarg);
                return USAGE;
            }
        } else if (found == 'n') {
            if (parse_number(optarg, 0, &settings->shown) != 0) {
                say("invalid number of words '%s'", optarg);
                return USAGE;
            }
        } else if (found == 'b') {
            settings->blocks = 1;
        } else if (found == 'h') {
            print_help();
            return EXIT_SUCCESS;
        } else {
            return complain(found, argv);
        }
    }
    if (argc - optind > 1) {
        say("one file at a time: '%s' is one too many", argv[optind + 1]);
        return USAGE;
    }
    settings->path = argv[optind]; /* or NULL */
    return -1;
}

/* Opens the text. Returns a file descriptor, or -1 after an error message. */
static int open_text(Settings *settings)
{
    struct stat status;
    size_t count = sizeof default_paths / sizeof default_paths[0];

    for (size_t i = 0; settings->path == NULL && i < count; i++) {
        if (access(default_paths[i], R_OK) == 0)
            settings->path = default_paths[i];
    }
    if (settings->path == NULL) {
        say("%s is not on this system: name a text", default_paths[0]);
        return -1;
    }
    int standard = strcmp(settings->path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(settings->path, O_RDONLY | O_CLOEXEC);
    if (standard)
        settings->path = "the standard input";
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        fd = -1;
    }
    if (fd < 0)
        say("%s: %s", settings->path, strerror(errno));
    return fd;
}

/* Indexes the text in the default region. */
static int index_text(Index *index, const Settings *settings, int fd)
{
    size_t part = settings->size / 16 + 64;
    size_t buffer = part < LARGEST_BUFFER ? part : LARGEST_BUFFER;

    return index_init(index) != 0 ? -1 : index_read(index, fd, buffer);
}

/* Finds a size that suffices, by trying. Returns 0 if there is none, or if the text cannot be read
 * again. The region and the index are lost. */
static size_t find_size(const Settings *settings, int fd)
{
    Settings trial = {.size = 65536};
    Index index;
    int full = 1;

    while (trial.size <= settings->size && trial.size <= PTRDIFF_MAX / 2)
        trial.size *= 2;
    for (; full && trial.size <= PTRDIFF_MAX / 2; trial.size *= full ? 2 : 1) {
        Mem_Exit();
        if (lseek(fd, 0, SEEK_SET) != 0 || Mem_Init(trial.size) != 0)
            return 0;
        full = index_text(&index, &trial, fd) != 0 && errno == ENOMEM;
    }
    return full ? 0 : trial.size;
}

/* Reports that the region is full, and suggests a size. */
static void say_full(const Index *index, const Settings *settings, int fd)
{
    const char *line = grouped(index->line);
    size_t better = find_size(settings, fd);

    if (better == 0)
        say("%s: needs more than the region of %s, which is full at line %s", settings->path,
            size_name(settings->size), line);
    else
        say("%s: needs more than the region of %s, which is full at line %s; try -s %zu%s",
            settings->path, size_name(settings->size), line,
            better / (better >= 1048576 ? 1048576 : 1024), better >= 1048576 ? "M" : "K");
}

/* Indexes the text and prints the report. Returns the exit status. */
static int run(const Settings *settings, int fd)
{
    Index index;
    int status = index_text(&index, settings, fd);
    int full = status != 0 && errno == ENOMEM;

    if (status != 0 && !full)
        say("%s: %s", settings->path, strerror(errno));
    else if (index.words == 0 && !full)
        say("%s: there are no words in it", settings->path);
    if (index.words > 0 || full)
        report(&index, settings, status == 0);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say("the report could not be written");
        return FAILED;
    }
    if (full)
        say_full(&index, settings, fd);
    return status == 0 && index.words > 0 ? EXIT_SUCCESS : FAILED;
}

int main(int argc, char **argv)
{
    static char output[BUFSIZ]; /* or stdio would take one with malloc() */
    Settings settings = {.size = 256 * 1024, .shown = 10};

    setvbuf(stdout, output, _IOFBF, sizeof output);
    int status = parse_options(argc, argv, &settings);
    if (status >= 0)
        return fflush(stdout) == 0 && !ferror(stdout) ? status : FAILED;
    int fd = open_text(&settings);
    if (fd < 0)
        return FAILED;
    if (Mem_Init(settings.size) != 0) {
        say("no region of %s: %s", size_name(settings.size), strerror(errno));
        return FAILED;
    }
    status = run(&settings, fd);
    Mem_Exit();
    return status;
}
