/* SPDX-License-Identifier: MIT */
#include "record/source-file.h"

#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "os/pages.h"
#include "record/grown.h"
#include "record/stamp.h"
#include "record/tell.h"
#include "record/thread.h"

enum { CHUNK_MAX = 64 << 10 /* bytes of a frame; a thread's first ones are smaller */ };

/* A frame of a thread, as it lies in the file. */
typedef struct ThreadFrame {
    TraceFrame frame;
    TraceChunk chunk;
} ThreadFrame;

_Static_assert(sizeof(TraceFrame) % 8 == 0 &&
                   sizeof(ThreadFrame) == sizeof(TraceFrame) + sizeof(TraceChunk),
               "nothing lies between them");

/* Numbers of threads that were given out. Atomic. */
static uint32_t threads;

bool source_file_open(uint64_t *start)
{
    if (!grown_is_wanted()) {
        return false;
    }
    *start = stamp_ns();
    return grown_open(stamp_date());
}

/* Bytes of the frame of a thread's chunk: a thread that does little takes little. */
static size_t frame_bytes(uint64_t sequence)
{
    size_t bytes = pages_size();

    while (sequence > 0 && bytes < CHUNK_MAX) {
        bytes *= 2;
        sequence--;
    }
    return bytes;
}

static ThreadFrame *frame_of(TraceChunk *chunk)
{
    return (ThreadFrame *)(void *)((char *)chunk - offsetof(ThreadFrame, chunk));
}

static void hand_in(SourceChunk chunk)
{
    ThreadFrame *thread = frame_of(chunk.chunk);

    pages_unmap(thread, sizeof *thread + chunk.bytes);
}

static SourceChunk next(SourceChunk before, const TraceChunk *head)
{
    size_t bytes = frame_bytes(head->sequence);
    ThreadFrame *thread;

    if (before.chunk != NULL) {
        hand_in(before);
    }
    thread = grown_take(bytes);
    if (thread == NULL) {
        return (SourceChunk){.chunk = NULL};
    }
    thread->chunk = *head;
    thread->frame = (TraceFrame){.magic = TRACE_FRAME_MAGIC,
                                 .kind = TRACE_THREAD,
                                 .compression = TRACE_PLAIN,
                                 .stored = (uint32_t)(bytes - sizeof thread->frame),
                                 .bytes = (uint32_t)(bytes - sizeof thread->frame)};
    return (SourceChunk){&thread->chunk, bytes - sizeof *thread};
}

static uint32_t number(void)
{
    return __atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED);
}

/* As zlib has it. */
static uint32_t checksum(const unsigned char *content, size_t bytes)
{
    uint32_t sum = UINT32_MAX;

    for (size_t i = 0; i < bytes; i++) {
        sum ^= content[i];
        for (int bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ (UINT32_C(0xedb88320) & -(sum & 1));
        }
    }
    return ~sum;
}

/* The frame takes whole pages: empty lines fill the last one. */
static void inform(const char *text, size_t bytes)
{
    size_t page = pages_size();
    size_t room = (sizeof(TraceFrame) + bytes + page - 1) & ~(page - 1);
    TraceFrame *frame = grown_take(room);
    unsigned char *content = (unsigned char *)(frame + 1);
    uint32_t stored = (uint32_t)(room - sizeof *frame);

    if (frame != NULL) {
        memcpy(content, text, bytes);
        memset(content + bytes, '\n', stored - bytes);
        *frame = (TraceFrame){.magic = TRACE_FRAME_MAGIC,
                              .kind = TRACE_INFO,
                              .compression = TRACE_PLAIN,
                              .stored = stored,
                              .bytes = stored,
                              .checksum = checksum(content, stored)};
        pages_unmap(frame, room);
    }
}

static bool in_child(void)
{
    if (!grown_is_each()) {
        tell_line("a process that was forked is not recorded; with %%p in its name, there is a "
                  "file for each");
        return false;
    }
    record_options.start = stamp_ns();
    threads = 0;
    return grown_open(stamp_date());
}

const Source source_file = {next, hand_in, number, inform, grown_end, in_child};
