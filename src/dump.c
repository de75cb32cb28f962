/* SPDX-License-Identifier: MIT
 *
 * A region written down: as text for people, as JSON for programs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "operations.h"

enum {
    PICTURE_COLUMNS = 64,
    LIST_ENDS = 32 /* blocks shown of each end of a list that is too long to be shown whole */
};

/* Calls what is to be done with each block, in address order. */
typedef void Visitor(Heap *heap, Pos block, Pos size, size_t number, void *context);

static void for_each_block(Heap *heap, Visitor *visit, void *context)
{
    size_t number = 0;
    Pos size;

    for (Pos block = heap->first; block != heap->end; block += size) {
        size = map_size(heap_map(heap), block);
        visit(heap, block, size, number++, context);
    }
}

static bool in_use(Heap *heap, Pos block)
{
    return !map_is_free(heap_map(heap), block);
}

/* How much of each column of the picture is in use. */
typedef struct Picture {
    size_t units; /* of the heap */
    size_t columns;
    size_t used[PICTURE_COLUMNS];
} Picture;

/* The unit that a column begins with. */
static size_t column_start(const Picture *picture, size_t column)
{
    return (size_t)((uint64_t)picture->units * column / picture->columns);
}

static void add_to_picture(Heap *heap, Pos block, Pos size, size_t number, void *context)
{
    Picture *picture = context;
    size_t from = block - heap->first;
    size_t to = from + size;
    size_t column;

    (void)number;
    if (!in_use(heap, block)) {
        return;
    }
    column = (size_t)((uint64_t)from * picture->columns / picture->units);
    while (from < to) {
        size_t column_end = column_start(picture, column + 1);

        if (column_end > from) {
            size_t upto = column_end < to ? column_end : to;

            picture->used[column] += upto - from;
            from = upto;
        }
        column++;
    }
}

static void draw(Heap *heap, FILE *stream)
{
    Picture picture = {.units = heap->end - heap->first, .columns = PICTURE_COLUMNS};
    char line[PICTURE_COLUMNS + 1] = {0};

    if (picture.units < picture.columns) {
        picture.columns = picture.units;
    }
    for_each_block(heap, add_to_picture, &picture);
    for (size_t column = 0; column < picture.columns; column++) {
        size_t width = column_start(&picture, column + 1) - column_start(&picture, column);

        line[column] = '.';
        if (picture.used[column] != 0) {
            line[column] = picture.used[column] == width ? '#' : '+';
        }
    }
    fprintf(stream, "[%s]\n", line);
}

typedef struct List {
    FILE *stream;
    size_t blocks;
    size_t size_width;
} List;

static void print_block(Heap *heap, Pos block, Pos size, size_t number, void *context)
{
    const List *list = context;
    bool is_long = list->blocks > 2 * LIST_ENDS;

    if (is_long && number >= LIST_ENDS && number < list->blocks - LIST_ENDS) {
        if (number == LIST_ENDS) {
            fprintf(list->stream, "  ... %zu blocks not shown ...\n", list->blocks - 2 * LIST_ENDS);
        }
        return;
    }
    fprintf(list->stream, "  %-16p  %*zu  %s\n", heap_address(heap, block), (int)list->size_width,
            heap_bytes(heap, size), in_use(heap, block) ? "in use" : "free");
}

static void dump_text(Region *region, const Mem_Stats *stats, FILE *stream)
{
    Heap *heap = &region->heap;
    List list = {stream, stats->blocks_in_use + stats->blocks_free, 0};

    fprintf(stream, "region %p: %zu bytes, %zu-byte units\n", heap_address(heap, heap->first),
            stats->capacity, heap_bytes(heap, 1));
    fprintf(stream, "  in use  %zu bytes in %zu blocks, peak %zu\n", stats->bytes_in_use,
            stats->blocks_in_use, stats->peak_in_use);
    fprintf(stream, "  free    %zu bytes in %zu blocks, largest %zu\n", stats->bytes_free,
            stats->blocks_free, stats->largest_free);
    fprintf(stream,
            "  calls   %" PRIu64 " alloc, %" PRIu64 " calloc, %" PRIu64 " realloc, %" PRIu64
            " aligned, %" PRIu64 " free; %" PRIu64 " failed, %" PRIu64 " misuses\n",
            stats->allocs, stats->callocs, stats->reallocs, stats->aligned_allocs, stats->frees,
            stats->failures, stats->misuses);
    fprintf(stream, "  bookkeeping %zu bytes\n", stats->bookkeeping);
    draw(heap, stream);
    list.size_width = (size_t)snprintf(NULL, 0, "%zu", stats->capacity);
    if (list.size_width < strlen("size")) {
        list.size_width = strlen("size");
    }
    fprintf(stream, "  %-16s  %*s  state\n", "address", (int)list.size_width, "size");
    for_each_block(heap, print_block, &list);
}

static void print_block_json(Heap *heap, Pos block, Pos size, size_t number, void *context)
{
    fprintf(context, "%s{\"offset\":%zu,\"size\":%zu,\"in_use\":%s}", number == 0 ? "" : ",",
            heap_bytes(heap, block - heap->first), heap_bytes(heap, size),
            in_use(heap, block) ? "true" : "false");
}

static void dump_json(Region *region, const Mem_Stats *stats, FILE *stream)
{
    Heap *heap = &region->heap;

    fprintf(stream, "{\"format\":1,\"address\":\"%p\",\"capacity\":%zu,\"unit\":%zu",
            heap_address(heap, heap->first), stats->capacity, heap_bytes(heap, 1));
    fprintf(stream, ",\"alignment\":%zu,\"bytes_in_use\":%zu,\"bytes_free\":%zu",
            (size_t)region->alignment, stats->bytes_in_use, stats->bytes_free);
    fprintf(stream, ",\"peak_in_use\":%zu,\"largest_free\":%zu", stats->peak_in_use,
            stats->largest_free);
    fprintf(stream, ",\"blocks_in_use\":%zu,\"blocks_free\":%zu,\"bookkeeping\":%zu",
            stats->blocks_in_use, stats->blocks_free, stats->bookkeeping);
    fprintf(stream, ",\"allocs\":%" PRIu64 ",\"callocs\":%" PRIu64 ",\"reallocs\":%" PRIu64,
            stats->allocs, stats->callocs, stats->reallocs);
    fprintf(stream, ",\"aligned_allocs\":%" PRIu64 ",\"frees\":%" PRIu64, stats->aligned_allocs,
            stats->frees);
    fprintf(stream, ",\"failures\":%" PRIu64 ",\"misuses\":%" PRIu64 ",\"blocks\":[",
            stats->failures, stats->misuses);
    for_each_block(heap, print_block_json, stream);
    fprintf(stream, "]}\n");
}

int Mem_RegionDump(Mem_Region *handle, FILE *stream, Mem_Format format)
{
    Region *region;
    Mem_Stats stats;
    Operation operation;
    int saved = errno;

    if (stream == NULL || (format != MEM_TEXT && format != MEM_JSON)) {
        errno = EINVAL;
        return -1;
    }
    region = region_wanted(handle);
    if (region == NULL) {
        if (format == MEM_TEXT) {
            fprintf(stream, "no region: Mem_Init was not called\n");
            errno = EINVAL;
        }
        return -1;
    }
    errno = 0;
    operation_begin_settled(&operation, region);
    region_stats(region, &stats);
    if (format == MEM_TEXT) {
        dump_text(region, &stats, stream);
    } else {
        dump_json(region, &stats, stream);
    }
    operation_end(&operation);
    if (fflush(stream) != 0 || ferror(stream)) {
        errno = errno == 0 ? EIO : errno;
        return -1;
    }
    errno = saved;
    return 0;
}
