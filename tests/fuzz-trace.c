/* SPDX-License-Identifier: MIT
 *
 * Built by `make fuzz` with clang's libFuzzer, which calls LLVMFuzzerTestOneInput(); inner-trace-hostile calls
 * fuzz_trace(). */
#include "fuzz-trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replay/compress.h"
#include "replay/trace-bytes.h"
#include "replay/trace-frame.h"

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz-trace: %s\n", what);
        abort();
    }
}

/* Corrects the checksum of each frame. */
static void mend_checksums(unsigned char *bytes, size_t size)
{
    TraceHeader header;
    TraceFrame frame;
    size_t offset;

    if (size < sizeof header) {
        return;
    }
    memcpy(&header, bytes, sizeof header);
    offset = header.header_bytes;
    while (offset < size && size - offset >= sizeof frame) {
        memcpy(&frame, bytes + offset, sizeof frame);
        if (frame.magic != TRACE_FRAME_MAGIC || frame.stored > size - offset - sizeof frame) {
            return;
        }
        frame.checksum = bytes_checksum(bytes + offset + sizeof frame, frame.stored);
        memcpy(bytes + offset, &frame, sizeof frame);
        offset = (size_t)frame_next(offset, &frame);
    }
}

/* Makes a file in memory; path has room for 32 bytes. */
static int make_file(const void *bytes, size_t size, char *path)
{
    int fd = memfd_create("trace", MFD_CLOEXEC);

    require(fd >= 0, "no file in memory");
    require(write(fd, bytes, size) == (ssize_t)size, "no room in memory");
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

static void check_event(const Trace *trace, const TraceEvent *event)
{
    static uint64_t time;

    require(event->number == 0 || event->time >= time, "time goes backwards");
    time = event->time;
    require(event->caller < trace_callers(trace), "an unknown caller");
    require((event->alignment & (event->alignment - 1)) == 0, "alignment is no power of two");
    require(event->op < TRACE_OPS, "an unknown operation");
    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
    case TRACE_RESIZE:
    case TRACE_NOT_RESIZED:
        require(event->slot < trace_slots(trace), "an unknown slot");
        require(trace_live(trace, event->slot)->number == event->block.number, "another block");
        break;
    case TRACE_FREE:
        require(event->slot < trace_slots(trace), "an unknown slot");
        require(trace_live(trace, event->slot) == NULL, "a block that is not free");
        break;
    case TRACE_RARE:
        require(strlen(event->text) < TRACE_FRAME_MAX, "a text without an end");
        trace_find_module(trace, event->a, event->number);
        break;
    default:
        break;
    }
}

/* Reads to the end, or up to an error, which must have a text. Returns the number of events. */
static uint64_t read_all(Trace *trace, TraceError *error)
{
    TraceEvent event;
    uint64_t count = 0;
    int found;

    *error = (TraceError){""};
    while ((found = trace_next(trace, &event, error)) == 1) {
        require(event.number == count++, "a wrong number");
        check_event(trace, &event);
        require(trace_progress(trace) >= 0 && trace_progress(trace) <= 1, "wrong progress");
    }
    require((found == 0) == (error->text[0] == '\0'), "an error without a text");
    require(found != 0 || trace_events(trace) == count, "a wrong number of events");
    return count;
}

static void check_copy(Trace *trace, uint64_t events)
{
    TraceError error;
    char path[32];
    int fd = make_file("", 0, path);
    Trace *copy;

    require(compress_trace(trace, path, NULL, NULL, &error), "no copy can be made");
    copy = trace_open(path, &error);
    require(copy != NULL, "the copy is no trace");
    require(read_all(copy, &error) == events && error.text[0] == '\0', "the copy is another");
    require(trace_is_complete(copy), "the copy has no index");
    trace_close(copy);
    close(fd);
}

bool fuzz_trace(const void *bytes, size_t size)
{
    unsigned char *mended = malloc(size + 1);
    TraceError error = {""};
    TraceError again;
    char path[32];
    Trace *trace;
    int fd;

    require(mended != NULL, "no memory");
    memcpy(mended, bytes, size);
    mend_checksums(mended, size);
    fd = make_file(mended, size, path);
    free(mended);
    trace = trace_open(path, &error);
    require((trace == NULL) == (error.text[0] != '\0'), "an error without a text");
    if (trace != NULL) {
        uint64_t events = read_all(trace, &error);

        trace_rewind(trace);
        require(read_all(trace, &again) == events, "other events than before");
        require(strcmp(error.text, again.text) == 0, "another error than before");
        if (error.text[0] == '\0') {
            check_copy(trace, events);
        }
        trace_close(trace);
    }
    close(fd);
    return error.text[0] == '\0';
}

/* libFuzzer's name for it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_trace(bytes, size);
    return 0;
}
