/* SPDX-License-Identifier: MIT
 *
 * Opens traces: the header, and the index at the end. */
#include "replay/trace-inner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(TraceHeader) == 24, "as in mem-trace(5)");
_Static_assert(sizeof(TraceEnd) == 16, "as in mem-trace(5)");
_Static_assert(sizeof(TraceIndex) == 24, "as in mem-trace(5)");

/* Waits for a writer that is about to finish the file: it holds a lock on it until then. After a second the file is
 * read as it is: the program that is recorded still runs. */
static void wait_for_writer(int fd)
{
    static const struct timespec pause = {.tv_nsec = 10000000};

    for (int tries = 0; tries < 100 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
         tries++) {
        nanosleep(&pause, NULL);
    }
}

/* Maps the file. It must not become shorter while it is read. */
static bool map_file(Trace *trace, TraceError *error)
{
    const char *path = trace->file.path;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *data = MAP_FAILED;

    if (fd >= 0) {
        wait_for_writer(fd);
    }
    if (fd < 0 || fstat(fd, &status) != 0) {
        trace_fail(error, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        trace_fail(error, "%s: not a regular file", path);
    } else if (status.st_size < (off_t)sizeof(TraceHeader)) {
        trace_fail(error, "%s: not a trace: only %jd bytes", path, (intmax_t)status.st_size);
    } else {
        data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            trace_fail(error, "%s: %s", path, strerror(errno));
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (data == MAP_FAILED) {
        return false;
    }
    trace->file.data = data;
    trace->file.bytes = trace->file.limit = (uint64_t)status.st_size;
    return true;
}

static bool read_header(Trace *trace, TraceError *error)
{
    const char *path = trace->file.path;
    TraceHeader header;

    memcpy(&header, trace->file.data, sizeof header);
    if (memcmp(header.magic, TRACE_MAGIC, sizeof header.magic) != 0) {
        return trace_fail(error, "%s: not a trace: wrong bytes at its beginning", path);
    }
    if (header.version_major == __builtin_bswap16(TRACE_VERSION_MAJOR)) {
        return trace_fail(error, "%s: of a machine of the other order of bytes", path);
    }
    if (header.version_major != TRACE_VERSION_MAJOR) {
        return trace_fail(error, "%s: version %u at byte %zu: this program reads version %d", path,
                          header.version_major, offsetof(TraceHeader, version_major),
                          TRACE_VERSION_MAJOR);
    }
    if (header.header_bytes < sizeof header || header.header_bytes > trace->file.bytes ||
        header.header_bytes % 8 != 0) {
        return trace_fail(error, "%s: a header of %" PRIu32 " bytes at byte %zu", path,
                          header.header_bytes, offsetof(TraceHeader, header_bytes));
    }
    trace->start = header.start;
    trace->first = header.header_bytes;
    return true;
}

/* Finds the index, if there is one, and the number of events. */
static bool read_index(Trace *trace, TraceError *error)
{
    FrameFile *file = &trace->file;
    TraceFrame header;
    TraceEnd end;

    if (file->bytes < trace->first + sizeof end) {
        return true;
    }
    memcpy(&end, file->data + file->bytes - sizeof end, sizeof end);
    if (memcmp(end.magic, TRACE_END_MAGIC, sizeof end.magic) != 0) {
        return true;
    }
    file->limit = file->bytes - sizeof end;
    if (end.index < trace->first || end.index % 8 != 0 ||
        frame_find(file, end.index, &header, NULL) != FRAME_THERE || header.kind != TRACE_INDEX ||
        frame_next(end.index, &header) != file->limit) {
        return trace_fail(error, "%s: the index is not where byte %" PRIu64 " says", file->path,
                          file->limit);
    }
    file->limit = end.index;
    trace->events = header.first;
    trace->complete = true;
    return true;
}

bool trace_open_file(Trace *trace, TraceError *error)
{
    return map_file(trace, error) && read_header(trace, error) && read_index(trace, error);
}
