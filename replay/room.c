/* SPDX-License-Identifier: MIT */
#include "replay/room.h"

#include <stdlib.h>

#include "replay/pass.h"
#include "replay/summary.h"
#include "replay/table.h"

/* The blocks that are live, in the order of their places. */
typedef struct Blocks {
    RoomBlock *list;
    size_t room, count; /* places there, and those in use */
} Blocks;

static int compare_places(const void *a, const void *b)
{
    uint64_t one = ((const RoomBlock *)a)->place.offset;
    uint64_t other = ((const RoomBlock *)b)->place.offset;

    return one < other ? -1 : one > other;
}

static int compare_sizes(const void *a, const void *b)
{
    const RoomBlock *one = a;
    const RoomBlock *other = b;

    return one->place.bytes != other->place.bytes ? (one->place.bytes > other->place.bytes ? -1 : 1)
                                                  : compare_places(a, b);
}

/* Lists what the player has. The trace takes the request that failed as done. */
static Blocks list_blocks(const TrialTrace *trace, const Player *player, const TraceEvent *event)
{
    Blocks blocks = {.list = NULL};

    for (uint32_t slot = 0; slot < trace_slots(trace->trace); slot++) {
        const TraceBlock *block = trace_live(trace->trace, slot);
        PlayerPlace place = player_place(player, slot);

        if (block == NULL || place.bytes == 0 || block->region != trace->region) {
            continue;
        }
        if (blocks.count == blocks.room) {
            blocks.list = table_grow(blocks.list, &blocks.room, blocks.count, sizeof *blocks.list);
        }
        blocks.list[blocks.count++] = (RoomBlock){place,
                                                  slot == event->slot ? event->block : *block};
    }
    if (blocks.count != 0) {
        qsort(blocks.list, blocks.count, sizeof *blocks.list, compare_places);
    }
    return blocks;
}

/* ------------------------------------------------------------------------------------------------
 * The cheapest window
 * --------------------------------------------------------------------------------------------- */

/* Where the free memory before a block begins; of the one behind the last: before the region's end. */
static uint64_t free_from(const Blocks *blocks, size_t index)
{
    const RoomBlock *before = index == 0 ? NULL : &blocks->list[index - 1];

    return before == NULL ? 0 : before->place.offset + before->place.bytes;
}

/* Where a block begins, or the region ends. */
static uint64_t begin_of(const Blocks *blocks, size_t index, uint64_t capacity)
{
    return index == blocks->count ? capacity : blocks->list[index].place.offset;
}

/* Finds the neighbours first to last - 1 that have the fewest bytes of all without which a run of so many bytes is
 * free. */
static void find_window(const Blocks *blocks, Room *room, size_t *first)
{
    uint64_t least = UINT64_MAX;
    uint64_t bytes = 0;
    size_t end = 0;

    for (size_t i = 0; i <= blocks->count; i++) {
        uint64_t begin = free_from(blocks, i);

        while (end < blocks->count && begin_of(blocks, end, room->capacity) - begin < room->need) {
            bytes += blocks->list[end++].place.bytes;
        }
        if (begin_of(blocks, end, room->capacity) - begin < room->need) {
            break;
        }
        if (bytes < least) {
            least = bytes;
            *first = i;
            room->keeper_count = end - i;
            room->window = (PlayerPlace){begin, begin_of(blocks, end, room->capacity) - begin};
        }
        bytes -= i < end ? blocks->list[i].place.bytes : 0;
        end = end > i ? end : i + 1;
    }
    room->keeper_bytes = least == UINT64_MAX ? 0 : least;
}

static void find_keepers(const Blocks *blocks, Room *room)
{
    size_t first = 0;
    size_t places = 0;

    if (blocks->count == 0 || room->rounded + room->need > room->capacity) {
        return;
    }
    find_window(blocks, room, &first);
    if (room->keeper_count != 0) {
        room->keepers = table_grow(NULL, &places, room->keeper_count - 1, sizeof *room->keepers);
        for (size_t i = 0; i < room->keeper_count; i++) {
            room->keepers[i] = blocks->list[first + i];
        }
        qsort(room->keepers, room->keeper_count, sizeof *room->keepers, compare_sizes);
    }
}

/* ------------------------------------------------------------------------------------------------
 * The failure
 * --------------------------------------------------------------------------------------------- */

static uint64_t need_of(const TraceEvent *event, const PlayerOptions *options)
{
    uint64_t alignment = options->alignment < 8 ? 8 : options->alignment;
    uint64_t more = event->alignment > alignment ? event->alignment - alignment : 0;

    return summary_round(event->size, alignment) + more;
}

static void explain(const TrialTrace *trace, const Player *player, const PlayerOptions *options,
                    Room *room)
{
    Blocks blocks = list_blocks(trace, player, &room->event);

    room->carried = false;
    room->need = need_of(&room->event, options);
    room->largest_free = player_largest_free(player);
    room->blocks = blocks.count;
    for (size_t i = 0; i < blocks.count; i++) {
        room->live += blocks.list[i].block.size;
        room->rounded += blocks.list[i].place.bytes;
    }
    find_keepers(&blocks, room);
    free(blocks.list);
}

Room room_play(const TrialTrace *trace, const PlayerOptions *options)
{
    Pass pass = pass_begin(trace->trace, trace->region, "the region");
    TraceError error;
    Player *player = player_create(options, &error);
    Room room = {.carried = true};

    if (player == NULL) {
        pass_fail(&error);
    }
    room.capacity = player_capacity(player);
    room.total = player_total(player);
    while (room.carried && pass_next(&pass, &room.event)) {
        room.carried = player_play(player, &room.event);
    }
    pass_end(&pass);
    if (!room.carried) {
        explain(trace, player, options, &room);
    }
    player_destroy(player);
    return room;
}

void room_free(Room *room)
{
    free(room->keepers);
    *room = (Room){.carried = false};
}
