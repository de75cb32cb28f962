/* SPDX-License-Identifier: MIT */
#include "replay/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "replay/discard.h"
#include "replay/import-events.h"

/* Returns whether both paths name the same file, which would be lost before it is read. */
static bool is_same_file(const char *from, const char *to)
{
    struct stat source, target;

    return stat(from, &source) == 0 && stat(to, &target) == 0 && source.st_dev == target.st_dev &&
           source.st_ino == target.st_ino;
}

/* Returns the file's time, which becomes the trace's: no format has another. */
static uint64_t time_of(const char *path)
{
    struct stat status;

    return stat(path, &status) != 0 || status.st_mtim.tv_sec < 0
               ? 0
               : (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec;
}

static bool write_count(Import *import, const char *key, uint64_t count)
{
    char value[24];

    snprintf(value, sizeof value, "%llu", (unsigned long long)count);
    return count == 0 || trace_write_info(import->writer, key, value);
}

/* Writes the counts of events left out or made up. */
static bool write_rest(Import *import)
{
    return write_count(import, "unknown", import->unknown) &&
           write_count(import, "forced", import->forced) &&
           (!import_lines_is_cut(import->lines) ||
            trace_write_info(import->writer, "cut", "the last line has no end"));
}

/* Detects the format by the first significant line, and imports all lines. */
static bool import_lines(Import *import)
{
    char *line;
    int more;

    while ((more = import_lines_next(import->lines, &line, import->error)) == 1 && line[0] == '\0')
        ;
    if (more == 0)
        snprintf(import->error->text, sizeof import->error->text, "%s: byte 0: no line is in here",
                 import->path);
    if (more != 1)
        return false;
    if (strncmp(line, "v ", 2) == 0)
        return import_heaptrack(import, line);
    if (strncmp(line, "= ", 2) == 0 || strncmp(line, "@ ", 2) == 0)
        return import_mtrace(import, line);
    return import_wrong(import, "this is neither mtrace's output nor heaptrack's");
}

static bool write_trace(Import *import, const char *to)
{
    TraceError late = {.text = ""};

    import->writer = trace_create(to, time_of(import->path), import->error);
    if (import->writer == NULL)
        return false;
    import->error->text[0] = '\0';
    bool fine = import_lines(import) && write_rest(import);
    bool written = trace_finish(import->writer, &late);
    if (import->error->text[0] == '\0')
        *import->error = late;
    if (fine && written)
        return true;
    discard_file(to);
    return false;
}

bool import_file(const char *from, const char *to, TraceError *error)
{
    Import import = {.path = from, .error = error};

    if (is_same_file(from, to)) {
        snprintf(error->text, sizeof error->text, "%s: cannot be written while it is read", to);
        return false;
    }
    import.lines = import_lines_open(from, error);
    if (import.lines == NULL)
        return false;
    bool fine = write_trace(&import, to);
    import_lines_close(import.lines);
    free(import.blocks);
    return fine;
}
