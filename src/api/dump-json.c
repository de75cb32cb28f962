/* SPDX-License-Identifier: MIT
 *
 * A region as JSON, for programs: totals, and all blocks. */
#include <inttypes.h>
#include <pthread.h>

#include "api/dump.h"
#include "os/pages.h"
#include "region/name.h"
#include "region/operation.h"
#include "region/stats.h"

enum {
    FEW = 256, /* blocks noted without memory from the system */
    TRIES = 4  /* attempts to note all blocks, which may become more meanwhile */
};

/* A list of blocks, noted at one moment. */
typedef struct List {
    ViewBlock few[FEW]; /* the blocks, if `more` is NULL */
    ViewBlock *more;    /* mapped memory for more blocks; NULL: none */
    size_t room;        /* blocks that there is room for */
    size_t count;       /* blocks noted, at most room */
    Pos from;           /* position at which the list begins */
    Pos next;           /* position after the list; the end of the heap: nothing follows */
    Mem_Stats stats;    /* of the same moment as the blocks */
} List;

static ViewBlock *noted(List *list)
{
    return list->more != NULL ? list->more : list->few;
}

/* Notes blocks from list->from on, as far as there is room. If the first block has become part of a
 * larger one meanwhile, notes the rest of that, so that all pieces together cover the heap. */
static void note_blocks(List *list, View view)
{
    ViewBlock *blocks = noted(list);
    ViewBlock block;

    list->count = 0;
    view.at = view_around(view, list->from).start;
    while (list->count < list->room && view_next(&view, &block)) {
        Pos end = block.start + block.units;

        end = end > list->from ? end : view.heap->end; /* never back, whatever the map says */
        blocks[list->count++] = (ViewBlock){list->from, end - list->from, block.in_use};
        list->from = end;
    }
    list->next = list->from;
}

static void look(List *list, Region *region)
{
    Operation operation;
    Granules granules;
    Pos from = list->from;

    operation_begin_look(&operation, region);
    stats_read(region, &list->stats);
    note_blocks(list, region_view(region, &granules));
    operation_end_look(&operation);
    list->from = from;
}

/* Unmaps the list's memory; also if a thread is cancelled while it writes. */
static void unmap(void *argument)
{
    List *list = argument;

    if (list->more != NULL) {
        pages_unmap(list->more, list->room * sizeof(ViewBlock));
    }
}

/* Makes room for all blocks, and for some that appear meanwhile. Returns false if the system has no
 * memory. */
static bool make_room(List *list)
{
    size_t blocks = list->stats.blocks_in_use + list->stats.blocks_free;
    size_t room = blocks + blocks / 8 + FEW;
    void *memory = NULL;

    if (room < SIZE_MAX / sizeof(ViewBlock)) {
        memory = pages_map_for_now(room * sizeof(ViewBlock));
    }
    if (memory == NULL) {
        return false;
    }
    unmap(list);
    list->more = memory;
    list->room = room;
    return true;
}

static void print_head(const List *list, Region *region, bool consistent, FILE *stream)
{
    const Mem_Stats *stats = &list->stats;
    char quoted[NAME_QUOTED_BYTES];

    fprintf(stream, "{\"format\":1,\"address\":\"%p\",\"region\":\"%p\",\"name\":%s",
            region_first(region), (void *)region_handle(region), name_quote(quoted, region->name));
    fprintf(stream, ",\"capacity\":%zu,\"unit\":%zu", stats->capacity,
            heap_bytes(&region->heap, 1));
    fprintf(stream, ",\"alignment\":%zu,\"bytes_in_use\":%zu,\"bytes_free\":%zu",
            (size_t)region->alignment, stats->bytes_in_use, stats->bytes_free);
    fprintf(stream, ",\"peak_in_use\":%zu,\"largest_free\":%zu,\"fragmentation\":%" PRIu64,
            stats->peak_in_use, stats->largest_free, stats->fragmentation);
    fprintf(stream, ",\"blocks_in_use\":%zu,\"blocks_free\":%zu,\"bookkeeping\":%zu",
            stats->blocks_in_use, stats->blocks_free, stats->bookkeeping);
    fprintf(stream, ",\"allocs\":%" PRIu64 ",\"callocs\":%" PRIu64 ",\"reallocs\":%" PRIu64,
            stats->allocs, stats->callocs, stats->reallocs);
    fprintf(stream, ",\"aligned_allocs\":%" PRIu64 ",\"frees\":%" PRIu64, stats->aligned_allocs,
            stats->frees);
    fprintf(stream, ",\"failures\":%" PRIu64 ",\"misuses\":%" PRIu64 ",\"consistent\":%s",
            stats->failures, stats->misuses, consistent ? "true" : "false");
}

static void print_list(List *list, Heap *heap, FILE *stream)
{
    const ViewBlock *blocks = noted(list);

    for (size_t n = 0; n < list->count; n++) {
        fprintf(stream, "%s{\"offset\":%zu,\"size\":%zu,\"in_use\":%s}",
                blocks[n].start == heap->first ? "" : ",",
                heap_bytes(heap, blocks[n].start - heap->first), heap_bytes(heap, blocks[n].units),
                blocks[n].in_use ? "true" : "false");
    }
}

/* Prints the list, and then the rest piece by piece. */
static void print(List *list, Region *region, FILE *stream)
{
    Heap *heap = &region->heap;

    print_head(list, region, list->next == heap->end, stream);
    fprintf(stream, ",\"blocks\":[");
    print_list(list, heap, stream);
    while (list->next != heap->end) {
        list->from = list->next;
        look(list, region);
        print_list(list, heap, stream);
    }
    fprintf(stream, "]}\n");
}

void dump_json(Region *region, FILE *stream)
{
    List list = {.more = NULL, .room = FEW, .from = region->heap.first};

    look(&list, region);
    for (int i = 0; i < TRIES && list.next != region->heap.end && make_room(&list); i++) {
        look(&list, region);
    }
    pthread_cleanup_push(unmap, &list);
    print(&list, region, stream);
    pthread_cleanup_pop(1);
}
