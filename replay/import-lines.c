/* SPDX-License-Identifier: MIT */
#include "replay/import-lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_Z
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
    LINE_MAX_BYTES = 1 << 20, /* longer lines are in no file that we read */
    INPUT_BYTES = 1 << 16     /* compressed bytes that are read at once */
};

struct ImportLines {
    const char *path;
    int fd;
    uint64_t read;   /* bytes of the file so far */
    uint64_t number; /* of the line that was given last */
    bool at_end;     /* nothing follows what is in the text */
    bool is_cut;     /* the last line has no end */
    char *text;      /* bytes that were read, and one more */
    size_t size;     /* of the text: bytes */
    size_t begin;    /* of the next line in the text */
    size_t end;      /* of what was read */

    /* Appends to a buffer; returns the bytes, 0 at the end, -1: error says why. */
    ssize_t (*fill)(ImportLines *lines, char *buffer, size_t bytes, TraceError *error);
#ifdef HAVE_Z
    gzFile gzip; /* owns the fd */
#endif
#ifdef HAVE_ZSTD
    ZSTD_DStream *zstd;
    ZSTD_inBuffer input;
    char *input_bytes; /* INPUT_BYTES of them */
    bool in_frame;     /* a frame has begun and not ended */
#endif
};

static void wrong(const ImportLines *lines, const char *what, TraceError *error)
{
    snprintf(error->text, sizeof error->text, "%s: byte %llu: %s", lines->path,
             (unsigned long long)lines->read, what);
}

static ssize_t fill_plain(ImportLines *lines, char *buffer, size_t bytes, TraceError *error)
{
    ssize_t got;

    do
        got = read(lines->fd, buffer, bytes);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        wrong(lines, strerror(errno), error);
    else
        lines->read += (uint64_t)got;
    return got;
}

#ifdef HAVE_Z

static ssize_t fill_gzip(ImportLines *lines, char *buffer, size_t bytes, TraceError *error)
{
    int got = gzread(lines->gzip, buffer, (unsigned)bytes);
    int code = Z_OK;
    const char *what = gzerror(lines->gzip, &code);

    lines->read = (uint64_t)gzoffset(lines->gzip);
    if (got >= 0 && code == Z_OK)
        return got;
    wrong(lines, code == Z_BUF_ERROR ? "the compressed data ends early" : what, error);
    return -1;
}

static bool begin_gzip(ImportLines *lines, TraceError *error)
{
    lines->gzip = gzdopen(lines->fd, "rb");
    lines->fill = fill_gzip;
    if (lines->gzip != NULL)
        return true;
    wrong(lines, strerror(ENOMEM), error);
    return false;
}

#else

static bool begin_gzip(ImportLines *lines, TraceError *error)
{
    wrong(lines, "is compressed by gzip, which this memreplay was built without", error);
    return false;
}

#endif

#ifdef HAVE_ZSTD

/* Reads the next bytes of the file as input of zstd. Returns as fill_plain() does. */
static ssize_t read_input(ImportLines *lines, TraceError *error)
{
    ssize_t got = fill_plain(lines, lines->input_bytes, INPUT_BYTES, error);

    if (got == 0 && lines->in_frame) {
        wrong(lines, "the compressed data ends early", error);
        return -1;
    }
    if (got > 0)
        lines->input = (ZSTD_inBuffer){.src = lines->input_bytes, .size = (size_t)got};
    return got;
}

static ssize_t fill_zstd(ImportLines *lines, char *buffer, size_t bytes, TraceError *error)
{
    ZSTD_outBuffer output = {.size = bytes};

    output.dst = buffer;
    while (output.pos == 0) {
        size_t before = lines->input.pos;
        size_t left = ZSTD_decompressStream(lines->zstd, &output, &lines->input);

        if (ZSTD_isError(left)) {
            lines->read -= lines->input.size - before;
            wrong(lines, ZSTD_getErrorName(left), error);
            return -1;
        }
        if (lines->input.pos > before || output.pos > 0)
            lines->in_frame = left > 0;
        if (output.pos == 0 && lines->input.pos == lines->input.size) {
            ssize_t got = read_input(lines, error);
            if (got <= 0)
                return got;
        }
    }
    return (ssize_t)output.pos;
}

static bool begin_zstd(ImportLines *lines, TraceError *error)
{
    lines->zstd = ZSTD_createDStream();
    lines->input_bytes = malloc(INPUT_BYTES);
    lines->fill = fill_zstd;
    if (lines->zstd != NULL && lines->input_bytes != NULL)
        return true;
    wrong(lines, strerror(ENOMEM), error);
    return false;
}

#else

static bool begin_zstd(ImportLines *lines, TraceError *error)
{
    wrong(lines, "is compressed by zstd, which this memreplay was built without", error);
    return false;
}

#endif

/* Detects the compression of a file. A file that cannot be read again from its beginning counts as
 * plain. */
static bool begin(ImportLines *lines, TraceError *error)
{
    unsigned char magic[4] = {0};

    lines->fill = fill_plain;
    if (pread(lines->fd, magic, sizeof magic, 0) < 2)
        return true;
    if (magic[0] == 0x1f && magic[1] == 0x8b)
        return begin_gzip(lines, error);
    if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
        return begin_zstd(lines, error);
    return true;
}

ImportLines *import_lines_open(const char *path, TraceError *error)
{
    ImportLines *lines = calloc(1, sizeof *lines);

    if (lines == NULL) {
        snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(ENOMEM));
        return NULL;
    }
    lines->path = path;
    lines->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0)
        snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(errno));
    else if (begin(lines, error))
        return lines;
    import_lines_close(lines);
    return NULL;
}

void import_lines_close(ImportLines *lines)
{
    if (lines == NULL)
        return;
#ifdef HAVE_Z
    if (lines->gzip != NULL) {
        gzclose(lines->gzip);
        lines->fd = -1;
    }
#endif
#ifdef HAVE_ZSTD
    ZSTD_freeDStream(lines->zstd);
    free(lines->input_bytes);
#endif
    if (lines->fd >= 0)
        close(lines->fd);
    free(lines->text);
    free(lines);
}

uint64_t import_lines_number(const ImportLines *lines)
{
    return lines->number;
}

bool import_lines_is_cut(const ImportLines *lines)
{
    return lines->is_cut;
}

/* Moves the started line to the front of the text, and makes room behind it. */
static bool make_place(ImportLines *lines, TraceError *error)
{
    if (lines->begin > 0) {
        memmove(lines->text, lines->text + lines->begin, lines->end - lines->begin);
        lines->end -= lines->begin;
        lines->begin = 0;
    }
    if (lines->end < lines->size)
        return true;

    size_t size = lines->size == 0 ? INPUT_BYTES : lines->size * 2;
    char *text = size > LINE_MAX_BYTES ? NULL : realloc(lines->text, size);
    if (text == NULL) {
        wrong(lines, size > LINE_MAX_BYTES ? "this line has no end" : strerror(ENOMEM), error);
        return false;
    }
    lines->text = text;
    lines->size = size;
    return true;
}

int import_lines_next(ImportLines *lines, char **line, TraceError *error)
{
    size_t looked = 0; /* bytes of the line without an end so far */

    for (;;) {
        size_t from = lines->begin + looked;
        char *found = from == lines->end ? NULL
                                         : memchr(lines->text + from, '\n', lines->end - from);

        if (found != NULL) {
            *found = '\0';
            *line = lines->text + lines->begin;
            lines->begin = (size_t)(found + 1 - lines->text);
            lines->number++;
            return 1;
        }
        looked = lines->end - lines->begin;
        if (lines->at_end) {
            lines->is_cut = looked > 0;
            return 0;
        }
        if (!make_place(lines, error))
            return -1;
        ssize_t got = lines->fill(lines, lines->text + lines->end, lines->size - lines->end, error);
        if (got < 0)
            return -1;
        lines->at_end = got == 0;
        lines->end += (size_t)got;
    }
}
