/* SPDX-License-Identifier: MIT
 *
 * Frames of a trace: the parts that its file consists of, compressed or not. */
#ifndef MEM_REPLAY_TRACE_FRAME_H
#define MEM_REPLAY_TRACE_FRAME_H

#include "replay/trace-bytes.h"

/* Makes frames. All 0: ready for use. */
typedef struct Packer {
    void *context; /* of zstd; NULL: not made yet */
    Bytes frame;   /* the frame that was made last, as it is to be in the file */
} Packer;

/* Makes a frame of content; kind, first and events are those of `header`. False: no memory. */
bool frame_pack(Packer *packer, const TraceFrame *header, const void *content, size_t bytes);
void frame_end_packer(Packer *packer);

/* A file in memory. */
typedef struct FrameFile {
    const unsigned char *data;
    uint64_t bytes;   /* of the whole file */
    uint64_t limit;   /* where frames end: bytes from the file's beginning */
    const char *path; /* for errors */
} FrameFile;

/* What is at a place of the file. */
typedef enum FrameFound {
    FRAME_WRONG, /* no frame: error says so */
    FRAME_NONE,  /* the end, or what was being written when the program was killed */
    FRAME_THERE
} FrameFound;

/* Reads the header of a frame, and checks it. */
FrameFound frame_find(const FrameFile *file, uint64_t offset, TraceFrame *header,
                      TraceError *error);

/* Where the next frame begins. */
uint64_t frame_next(uint64_t offset, const TraceFrame *header);

/* Takes frames apart. All 0: ready for use. */
typedef struct Unpacker {
    void *context; /* of zstd; NULL: not made yet */
    Bytes content;
} Unpacker;

/* Finds the content of a frame: header->bytes bytes, until the next call. NULL: error says why not. */
const unsigned char *frame_unpack(Unpacker *unpacker, const FrameFile *file, uint64_t offset,
                                  const TraceFrame *header, TraceError *error);
void frame_end_unpacker(Unpacker *unpacker);

#endif
