/* SPDX-License-Identifier: MIT */
#include "replay/trace-frame.h"

#include <inttypes.h>
#include <string.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

_Static_assert(sizeof(TraceFrame) == 32, "as in mem-trace(5)");

enum {
    ALIGNMENT = 8, /* of frames in the file */
    SHORT = 512    /* bytes of content that is not worth compressing */
};

/* ------------------------------------------------------------------------------------------------
 * Compression
 * --------------------------------------------------------------------------------------------- */

#ifdef HAVE_ZSTD

enum { LEVEL = 3 };

/* Appends compressed content to the frame. */
static bool compress(Packer *packer, const void *content, size_t bytes)
{
    size_t bound = ZSTD_compressBound(bytes);
    size_t stored;

    if (packer->context == NULL) {
        packer->context = ZSTD_createCCtx();
        if (packer->context == NULL) {
            return false;
        }
        ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1);
    }
    if (!bytes_reserve(&packer->frame, bound)) {
        return false;
    }
    stored = ZSTD_compress2(packer->context, packer->frame.data + packer->frame.used, bound,
                            content, bytes);
    if (ZSTD_isError(stored)) {
        return false;
    }
    packer->frame.used += stored;
    return true;
}

void frame_end_packer(Packer *packer)
{
    ZSTD_freeCCtx(packer->context);
    bytes_free(&packer->frame);
}

/* Decompresses content. Returns an error message, or NULL. */
static const char *decompress(Unpacker *unpacker, const unsigned char *stored,
                              const TraceFrame *header)
{
    size_t bytes;

    if (ZSTD_getFrameContentSize(stored, header->stored) != header->bytes) {
        return "the compressed content has another size than its frame says";
    }
    if (unpacker->context == NULL) {
        unpacker->context = ZSTD_createDCtx();
    }
    unpacker->content.used = 0;
    if (unpacker->context == NULL || !bytes_reserve(&unpacker->content, header->bytes)) {
        return "not enough memory";
    }
    bytes = ZSTD_decompressDCtx(unpacker->context, unpacker->content.data, header->bytes, stored,
                                header->stored);
    if (ZSTD_isError(bytes)) {
        return ZSTD_getErrorName(bytes);
    }
    return bytes == header->bytes ? NULL : "the compressed content is cut off";
}

void frame_end_unpacker(Unpacker *unpacker)
{
    ZSTD_freeDCtx(unpacker->context);
    bytes_free(&unpacker->content);
}

#else

void frame_end_packer(Packer *packer)
{
    bytes_free(&packer->frame);
}

static const char *decompress(Unpacker *unpacker, const unsigned char *stored,
                              const TraceFrame *header)
{
    (void)unpacker;
    (void)stored;
    (void)header;
    return "the frame is compressed by zstd, which this program was built without";
}

void frame_end_unpacker(Unpacker *unpacker)
{
    bytes_free(&unpacker->content);
}

#endif

/* ------------------------------------------------------------------------------------------------
 * Making frames
 * --------------------------------------------------------------------------------------------- */

/* Appends content to the frame, compressed if possible and shorter. */
static bool store(Packer *packer, TraceFrame *header, const void *content, size_t bytes)
{
    header->compression = TRACE_PLAIN;
#ifdef HAVE_ZSTD
    size_t begin = packer->frame.used;

    if (bytes <= SHORT) {
        return bytes_append(&packer->frame, content, bytes);
    }
    if (!compress(packer, content, bytes)) {
        return false;
    }
    if (packer->frame.used - begin < bytes) {
        header->compression = TRACE_ZSTD;
        return true;
    }
    packer->frame.used = begin;
#endif
    return bytes_append(&packer->frame, content, bytes);
}

bool frame_pack(Packer *packer, const TraceFrame *header, const void *content, size_t bytes)
{
    static const char padding[ALIGNMENT];
    TraceFrame made = *header;

    packer->frame.used = 0;
    if (!bytes_append(&packer->frame, &made, sizeof made) ||
        !store(packer, &made, content, bytes)) {
        return false;
    }
    made.magic = TRACE_FRAME_MAGIC;
    made.reserved = 0;
    made.bytes = (uint32_t)bytes;
    made.stored = (uint32_t)(packer->frame.used - sizeof made);
    made.checksum = bytes_checksum(packer->frame.data + sizeof made, made.stored);
    memcpy(packer->frame.data, &made, sizeof made);
    return bytes_append(&packer->frame, padding, -packer->frame.used % ALIGNMENT);
}

/* ------------------------------------------------------------------------------------------------
 * Reading frames
 * --------------------------------------------------------------------------------------------- */

uint64_t frame_next(uint64_t offset, const TraceFrame *header)
{
    return (offset + sizeof *header + header->stored + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

/* Returns whether a header is that of a frame. */
static bool check(const FrameFile *file, uint64_t offset, const TraceFrame *header,
                  TraceError *error)
{
    if (header->magic != TRACE_FRAME_MAGIC) {
        return trace_fail(error, "%s: no frame begins at byte %" PRIu64, file->path, offset);
    }
    if (header->compression != TRACE_PLAIN && header->compression != TRACE_ZSTD) {
        return trace_fail(error, "%s: unknown compression %u at byte %" PRIu64, file->path,
                          header->compression, offset + offsetof(TraceFrame, compression));
    }
    if (header->bytes > TRACE_FRAME_MAX || header->stored > TRACE_FRAME_MAX ||
        (header->compression == TRACE_PLAIN && header->bytes != header->stored)) {
        return trace_fail(
            error, "%s: a frame of %" PRIu32 " bytes, stored as %" PRIu32 ", at byte %" PRIu64,
            file->path, header->bytes, header->stored, offset + offsetof(TraceFrame, stored));
    }
    return true;
}

FrameFound frame_find(const FrameFile *file, uint64_t offset, TraceFrame *header, TraceError *error)
{
    bool complete = file->limit < file->bytes;

    if (offset >= file->limit) {
        return FRAME_NONE;
    }
    if (file->limit - offset >= sizeof *header) {
        memcpy(header, file->data + offset, sizeof *header);
        if (header->magic == 0 && !complete) {
            return FRAME_NONE; /* room reserved for frames, but not used */
        }
        if (!check(file, offset, header, error)) {
            return FRAME_WRONG;
        }
        if (header->stored <= file->limit - offset - sizeof *header) {
            return FRAME_THERE;
        }
    }
    if (!complete) {
        return FRAME_NONE;
    }
    trace_fail(error, "%s: the frame at byte %" PRIu64 " is cut off", file->path, offset);
    return FRAME_WRONG;
}

const unsigned char *frame_unpack(Unpacker *unpacker, const FrameFile *file, uint64_t offset,
                                  const TraceFrame *header, TraceError *error)
{
    const unsigned char *stored = file->data + offset + sizeof *header;
    const char *wrong;

    if (header->checksum != bytes_checksum(stored, header->stored)) {
        trace_fail(error, "%s: wrong checksum of the frame at byte %" PRIu64, file->path, offset);
        return NULL;
    }
    if (header->compression == TRACE_PLAIN) {
        return stored;
    }
    wrong = decompress(unpacker, stored, header);
    if (wrong != NULL) {
        trace_fail(error, "%s: frame at byte %" PRIu64 ": %s", file->path, offset, wrong);
        return NULL;
    }
    return unpacker->content.data;
}
