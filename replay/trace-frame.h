/* SPDX-License-Identifier: MIT
 *
 * Frames: the parts of a trace's file, compressed or not. */
#ifndef MEM_REPLAY_TRACE_FRAME_H
#define MEM_REPLAY_TRACE_FRAME_H

#include "replay/trace-bytes.h"

/* Makes frames. All 0: ready for use. */
typedef struct Packer {
    void *context; /* of zstd; NULL: not made yet */
    Bytes frame;   /* the frame that was made last, as it is to be in the file */
} Packer;

/* Makes a frame of content, with kind, first and events from `header`. Returns false without
 * memory. */
bool frame_pack(Packer *packer, const TraceFrame *header, const void *content, size_t bytes);
void frame_end_packer(Packer *packer);

/* A file in memory. */
typedef struct FrameFile {
    const unsigned char *data;
    uint64_t bytes;   /* of the whole file */
    uint64_t limit;   /* where frames end: bytes from the file's beginning */
    const char *path; /* for errors */
} FrameFile;

/* The result of frame_find. */
typedef enum FrameFound {
    FRAME_WRONG, /* no frame: error says so */
    FRAME_NONE,  /* the end, or what was being written when the program was killed */
    FRAME_THERE
} FrameFound;

/* Reads and checks the header of a frame. */
FrameFound frame_find(const FrameFile *file, uint64_t offset, TraceFrame *header,
                      TraceError *error);

/* Returns the place of the next frame. */
uint64_t frame_next(uint64_t offset, const TraceFrame *header);

/* Unpacks frames. All 0: ready for use. */
typedef struct Unpacker {
    void *context; /* of zstd; NULL: not made yet */
    Bytes content;
} Unpacker;

/* Returns the content of a frame, header->bytes bytes, valid until the next call. NULL: error says
 * why. */
const unsigned char *frame_unpack(Unpacker *unpacker, const FrameFile *file, uint64_t offset,
                                  const TraceFrame *header, TraceError *error);
void frame_end_unpacker(Unpacker *unpacker);

#endif
