/* SPDX-License-Identifier: MIT
 *
 * Imports a fuzzer's input: the result is an error, or a trace that can be read to its end. Built
 * by libFuzzer (make fuzz), and with corpus.c for make check. */
#include "replay/import.h"
#include "replay/symbols-file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Replaces the function in symbols-file.c: files on this machine do not matter here. */
bool symbols_file_identify(const char *path, SymbolsIdentity *identity)
{
    (void)path;
    (void)identity;
    return false;
}

static void must(bool fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* Returns the path of a file in memory, which is made at the first call. */
static const char *path_of(int *fd, char path[32])
{
    if (*fd < 0) {
        *fd = memfd_create("fuzz", MFD_CLOEXEC);
        must(*fd >= 0, "memfd_create() failed");
    }
    snprintf(path, 32, "/proc/self/fd/%d", *fd);
    return path;
}

static void read_all(const char *path)
{
    TraceError error = {.text = ""};
    TraceEvent event;
    int more;

    Trace *trace = trace_open(path, &error);
    must(trace != NULL, error.text);
    while ((more = trace_next(trace, &event, &error)) == 1)
        ;
    must(more == 0, error.text);
    trace_close(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int input = -1, output = -1;
    char from[32], to[32];
    TraceError error = {.text = ""};

    path_of(&input, from);
    path_of(&output, to);
    must(ftruncate(input, 0) == 0 && pwrite(input, data, size, 0) == (ssize_t)size,
         "the input could not be written");
    if (import_file(from, to, &error))
        read_all(to);
    else
        must(error.text[0] != '\0', "an error without a word");
    return 0;
}
