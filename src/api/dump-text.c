/* SPDX-License-Identifier: MIT
 *
 * A region as text for people: totals, a picture, and the blocks at both ends. */
#include <inttypes.h>
#include <string.h>

#include "api/dump.h"
#include "region/name.h"
#include "region/operation.h"
#include "region/stats.h"

enum {
    PICTURE_COLUMNS = 64,
    LIST_ENDS = 32 /* blocks shown at each end of a list too long to be shown whole */
};

/* The use of each column of the picture. */
typedef struct Picture {
    size_t units;                 /* units of the heap */
    size_t columns;               /* at most PICTURE_COLUMNS, and at most units */
    size_t used[PICTURE_COLUMNS]; /* units in use, of each column */
} Picture;

/* The contents of the text. */
typedef struct Text {
    Mem_Stats stats; /* of the same moment as the rest */
    Picture picture;
    size_t blocks;              /* blocks and free runs in all */
    ViewBlock first[LIST_ENDS]; /* the first ones */
    ViewBlock last[LIST_ENDS];  /* the last ones: block n is at n modulo LIST_ENDS */
} Text;

/* Returns the first unit of a column. */
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

static void note_block(Text *text, ViewBlock block)
{
    ViewBlock *ends = text->blocks < LIST_ENDS ? text->first : text->last;

    ends[text->blocks % LIST_ENDS] = block;
    text->blocks++;
}

static void note_blocks(Text *text, View view)
{
    Picture *picture = &text->picture;
    Heap *heap = view.heap;
    ViewBlock block;

    picture->units = heap->end - heap->first;
    picture->columns = picture->units < PICTURE_COLUMNS ? picture->units : PICTURE_COLUMNS;
    while (view_next(&view, &block)) {
        note_block(text, block);
        if (block.in_use) {
            add_to_picture(picture, block.start - heap->first,
                           block.start + block.units - heap->first);
        }
    }
}

static void look(Text *text, Region *region)
{
    Operation operation;
    Granules granules;

    operation_begin_look(&operation, region);
    stats_read(region, &text->stats);
    note_blocks(text, region_view(region, &granules));
    operation_end_look(&operation);
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

static void print_head(Region *region, FILE *stream)
{
    char quoted[NAME_QUOTED_BYTES];

    fprintf(stream, "region %p", (void *)region_handle(region));
    if (region->name[0] != '\0') {
        fprintf(stream, " %s", name_quote(quoted, region->name));
    }
    fprintf(stream, "\n  blocks  %zu bytes from %p on, in %zu-byte units\n",
            region_capacity(region), region_first(region), heap_bytes(&region->heap, 1));
}

/* Converts to tenths of a percent, rounded up like the figure. */
static unsigned permille(uint64_t per_million)
{
    return (unsigned)((per_million + 999) / 1000);
}

static void print_totals(const Mem_Stats *stats, FILE *stream)
{
    unsigned fragmented = permille(stats->fragmentation);

    fprintf(stream, "  in use  %zu bytes in %zu blocks, peak %zu\n", stats->bytes_in_use,
            stats->blocks_in_use, stats->peak_in_use);
    fprintf(stream, "  free    %zu bytes in %zu blocks, largest %zu, %u.%u %% fragmented\n",
            stats->bytes_free, stats->blocks_free, stats->largest_free, fragmented / 10,
            fragmented % 10);
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
        const ViewBlock *ends = n < LIST_ENDS ? text->first : text->last;
        const ViewBlock *block = &ends[n % LIST_ENDS];

        if (n == LIST_ENDS && text->blocks > 2 * LIST_ENDS) {
            fprintf(stream, "  ... %zu blocks not shown ...\n", text->blocks - 2 * LIST_ENDS);
            n = text->blocks - LIST_ENDS;
            block = &text->last[n % LIST_ENDS];
        }
        fprintf(stream, "  %-16p  %*zu  %s\n", heap_address(heap, block->start), width,
                heap_bytes(heap, block->units), block->in_use ? "in use" : "free");
    }
}

void dump_text(Region *region, FILE *stream)
{
    Text text = {.blocks = 0};

    look(&text, region);
    print_head(region, stream);
    print_totals(&text.stats, stream);
    if (region->heap.broken) {
        fprintf(stream, "  damaged: the map of blocks contradicts itself\n");
    }
    print_picture(&text.picture, stream);
    print_blocks(&text, &region->heap, stream);
}
