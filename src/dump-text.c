/* SPDX-License-Identifier: MIT
 *
 * A region as text for people: totals, a picture, and the blocks at both ends. */
#include <inttypes.h>
#include <string.h>

#include "dump.h"
#include "operations.h"

enum {
    PICTURE_COLUMNS = 64,
    LIST_ENDS = 32 /* blocks shown of each end of a list that is too long to be shown whole */
};

/* How much of each column of the picture is in use. */
typedef struct Picture {
    size_t units; /* of the heap */
    size_t columns;
    size_t used[PICTURE_COLUMNS];
} Picture;

/* All that the text tells. */
typedef struct Text {
    Mem_Stats stats;
    Picture picture;
    size_t blocks;
    DumpBlock first[LIST_ENDS];
    DumpBlock last[LIST_ENDS]; /* of those behind them: block n is at n modulo the ends' length */
} Text;

/* The unit that a column begins with. */
static size_t column_start(const Picture *picture, size_t column)
{
    return (size_t)((uint64_t)picture->units * column / picture->columns);
}

/* Adds a run of units in use, from one to before another. */
static void add_to_picture(Picture *picture, size_t from, size_t to)
{
    size_t column = (size_t)((uint64_t)from * picture->columns / picture->units);

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

static void note_block(Text *text, DumpBlock block)
{
    DumpBlock *ends = text->blocks < LIST_ENDS ? text->first : text->last;

    ends[text->blocks % LIST_ENDS] = block;
    text->blocks++;
}

static void note_blocks(Text *text, Heap *heap)
{
    Picture *picture = &text->picture;
    Pos next;

    picture->units = heap->end - heap->first;
    picture->columns = picture->units < PICTURE_COLUMNS ? picture->units : PICTURE_COLUMNS;
    for (Pos at = heap->first; at != heap->end; at = next) {
        bool in_use = !map_is_free(heap_map(heap), at);

        next = heap_next(heap, at);
        note_block(text, (DumpBlock){at, next - at, in_use});
        if (in_use) {
            add_to_picture(picture, at - heap->first, next - heap->first);
        }
    }
}

static void look(Text *text, Region *region)
{
    Operation operation;

    operation_begin_settled(&operation, region);
    region_stats(region, &text->stats);
    note_blocks(text, &region->heap);
    operation_end(&operation);
}

static void print_picture(const Picture *picture, FILE *stream)
{
    char line[PICTURE_COLUMNS + 1] = {0};

    for (size_t column = 0; column < picture->columns; column++) {
        size_t width = column_start(picture, column + 1) - column_start(picture, column);

        line[column] = '.';
        if (picture->used[column] != 0) {
            line[column] = picture->used[column] == width ? '#' : '+';
        }
    }
    fprintf(stream, "[%s]\n", line);
}

static void print_totals(const Mem_Stats *stats, Heap *heap, FILE *stream)
{
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
}

static void print_blocks(const Text *text, Heap *heap, FILE *stream)
{
    int width = snprintf(NULL, 0, "%zu", text->stats.capacity);

    if (width < (int)strlen("size")) {
        width = (int)strlen("size");
    }
    fprintf(stream, "  %-16s  %*s  state\n", "address", width, "size");
    for (size_t n = 0; n < text->blocks; n++) {
        const DumpBlock *ends = n < LIST_ENDS ? text->first : text->last;
        const DumpBlock *block = &ends[n % LIST_ENDS];

        if (n == LIST_ENDS && text->blocks > 2 * LIST_ENDS) {
            fprintf(stream, "  ... %zu blocks not shown ...\n", text->blocks - 2 * LIST_ENDS);
            n = text->blocks - LIST_ENDS;
            block = &text->last[n % LIST_ENDS];
        }
        fprintf(stream, "  %-16p  %*zu  %s\n", heap_address(heap, block->at), width,
                heap_bytes(heap, block->size), block->in_use ? "in use" : "free");
    }
}

void dump_text(Region *region, FILE *stream)
{
    Text text = {.blocks = 0};

    look(&text, region);
    print_totals(&text.stats, &region->heap, stream);
    if (region->heap.broken) {
        fprintf(stream, "  damaged: the map of blocks contradicts itself\n");
    }
    print_picture(&text.picture, stream);
    print_blocks(&text, &region->heap, stream);
}
