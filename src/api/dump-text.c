/* SPDX-License-Identifier: MIT
 *
 * A region as text for people: totals, a picture, and the blocks at both ends. */
#include <inttypes.h>
#include <string.h>

#include "api/dump-picture.h"
#include "api/dump.h"
#include "region/name.h"
#include "region/operation.h"
#include "region/stats.h"

enum {
    LIST_ENDS = 32,    /* blocks shown at each end of a list too long to be shown whole */
    LINE_COLUMNS = 80, /* no line is longer */
    LABEL_COLUMNS = 16 /* what stands before the totals */
};

/* The contents of the text. */
typedef struct Text {
    Mem_Stats stats; /* of the same moment as the rest */
    Picture picture;
    size_t blocks;              /* blocks and free runs in all */
    ViewBlock first[LIST_ENDS]; /* the first ones */
    ViewBlock last[LIST_ENDS];  /* the last ones: block n is at n modulo LIST_ENDS */
} Text;

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

    picture_set_units(picture, heap->end - heap->first);
    while (view_next(&view, &block)) {
        note_block(text, block);
        if (block.in_use) {
            picture_add(picture, block.start - heap->first,
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

static void print_head(Region *region, FILE *stream)
{
    char quoted[NAME_QUOTED_BYTES];

    fprintf(stream, "region %p", (void *)region_handle(region));
    if (region->name[0] != '\0') {
        fprintf(stream, " %s", name_quote(quoted, region->name));
    }
    fprintf(stream, "\n");
}

/* Converts to tenths of a percent, rounded up like the figure. */
static unsigned permille(uint64_t per_million)
{
    return (unsigned)((per_million + 999) / 1000);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* Prints the counts of calls, in as many lines as they need. */
static void print_calls(const Mem_Stats *stats, FILE *stream)
{
    const struct {
        uint64_t count;
        const char *of;
    } calls[] = {{stats->allocs, "alloc"},
                 {stats->callocs, "calloc"},
                 {stats->reallocs, "realloc"},
                 {stats->aligned_allocs, "aligned"},
                 {stats->frees, "free"}};
    const char *before = "";
    int column = LABEL_COLUMNS;

    fprintf(stream, "  %-*s", LABEL_COLUMNS - 2, "calls");
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        int length = snprintf(NULL, 0, ", %" PRIu64 " %s", calls[i].count, calls[i].of);

        if (column + length > LINE_COLUMNS) {
            fprintf(stream, ",\n%*s", LABEL_COLUMNS, "");
            column = LABEL_COLUMNS;
            before = "";
        }
        fprintf(stream, "%s%" PRIu64 " %s", before, calls[i].count, calls[i].of);
        column += length;
        before = ", ";
    }
    fprintf(stream, "\n");
}

static void print_totals(const Mem_Stats *stats, Region *region, FILE *stream)
{
    unsigned fragmented = permille(stats->fragmentation);
    int width = snprintf(NULL, 0, "%zu",
                         stats->capacity > stats->bookkeeping ? stats->capacity
                                                              : stats->bookkeeping);

    fprintf(stream, "  capacity      %*zu bytes from %p on, in %zu-byte units\n", width,
            stats->capacity, region_first(region), heap_bytes(&region->heap, 1));
    fprintf(stream, "  in use        %*zu bytes in %zu block%s\n", width, stats->bytes_in_use,
            stats->blocks_in_use, plural(stats->blocks_in_use));
    fprintf(stream, "  peak in use   %*zu bytes\n", width, stats->peak_in_use);
    fprintf(stream, "  free          %*zu bytes in %zu block%s\n", width, stats->bytes_free,
            stats->blocks_free, plural(stats->blocks_free));
    fprintf(stream, "  largest free  %*zu bytes, so %u.%u %% fragmented\n", width,
            stats->largest_free, fragmented / 10, fragmented % 10);
    fprintf(stream, "  bookkeeping   %*zu bytes\n", width, stats->bookkeeping);
    print_calls(stats, stream);
    fprintf(stream, "  errors        %" PRIu64 " failed, %" PRIu64 " misuse%s\n", stats->failures,
            stats->misuses, stats->misuses == 1 ? "" : "s");
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

    picture_begin(&text.picture, stream);
    look(&text, region);
    print_head(region, stream);
    print_totals(&text.stats, region, stream);
    if (region->heap.broken) {
        fprintf(stream, "  damaged: the map of blocks contradicts itself\n");
    }
    picture_print(&text.picture, heap_bytes(&region->heap, 1), stream);
    print_blocks(&text, &region->heap, stream);
}
