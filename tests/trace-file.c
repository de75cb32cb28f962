/* SPDX-License-Identifier: MIT */
#include "trace-file.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE = 1 << 16 };

TestFile file_read(const char *path)
{
    FILE *stream = fopen(path, "rb");
    TestFile file = {.bytes = NULL};
    size_t room;

    ck_assert_ptr_nonnull(stream);
    fseek(stream, 0, SEEK_END);
    file.size = (size_t)ftell(stream);
    rewind(stream);
    room = 2 * file.size + SPARE;
    file.bytes = malloc(room);
    ck_assert_ptr_nonnull(file.bytes);
    ck_assert_uint_eq(fread(file.bytes, 1, room, stream), file.size);
    fclose(stream);
    return file;
}

void file_write(const TestFile *file, const char *path)
{
    FILE *stream = fopen(path, "wb");

    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(file->bytes, 1, file->size, stream), file->size);
    ck_assert_int_eq(fclose(stream), 0);
}

void file_free(TestFile *file)
{
    free(file->bytes);
    *file = (TestFile){.bytes = NULL};
}

void file_insert(TestFile *file, size_t place, const void *bytes, size_t size)
{
    memmove(file->bytes + place + size, file->bytes + place, file->size - place);
    memcpy(file->bytes + place, bytes, size);
    file->size += size;
}

void file_append_chunk(TestFile *file, const TraceChunk *chunk, const TraceRaw *records)
{
    uint32_t bytes = (uint32_t)sizeof *chunk + chunk->used;
    TraceFrame frame = {
        .magic = TRACE_FRAME_MAGIC, .kind = TRACE_THREAD, .stored = bytes, .bytes = bytes};

    file->bytes = realloc(file->bytes, file->size + sizeof frame + bytes);
    ck_assert_ptr_nonnull(file->bytes);
    file_insert(file, file->size, &frame, sizeof frame);
    file_insert(file, file->size, chunk, sizeof *chunk);
    file_insert(file, file->size, records, chunk->used);
}
