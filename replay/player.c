/* SPDX-License-Identifier: MIT
 *
 * The calling thread plays all threads of the trace: before it plays a call of another one, it gets the cache which that
 * thread has in the region, and as many calls on its account. */
#include "replay/player.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "region/caches.h"
#include "replay/table.h"

/* What a thread of the trace has in the region. */
typedef struct Seat {
    Cache *cache;        /* NULL: none */
    unsigned char calls; /* without a cache: as thread_calls */
} Seat;

struct Player {
    Mem_Region *region;
    void **blocks;  /* by slots of the trace; NULL: none */
    size_t slots;   /* that there is room for */
    Seat *seats;    /* by threads of the trace */
    size_t threads; /* that there is room for */
    size_t thread;  /* whose seat the calling thread has now; below threads */
};

/* ------------------------------------------------------------------------------------------------
 * Regions
 * --------------------------------------------------------------------------------------------- */

/* The region is sparse: it takes as much memory as is written to. */
static Mem_Region *create_region(const PlayerOptions *options, TraceError *error)
{
    Mem_Options wanted = {.alignment = (size_t)options->alignment,
                          .flags = MEM_SPARSE | (options->exact ? MEM_EXACT : 0)};
    Mem_Region *region = Mem_RegionCreate((size_t)options->size, &wanted);

    if (region == NULL) {
        snprintf(error->text, sizeof error->text, "a region of %" PRIu64 " bytes: %s",
                 options->size, strerror(errno));
    } else if (region_of(region)->pooled && !region_is_cached(region_of(region))) {
        snprintf(error->text, sizeof error->text, "more than %d regions with caches at a time",
                 PLAYER_CACHED);
        Mem_RegionDestroy(region);
        region = NULL;
    }
    return region;
}

Player *player_create(const PlayerOptions *options, TraceError *error)
{
    Mem_Region *region;
    Player *player;

    unsetenv("LIBMEM_EXACT"); /* of the environment: here the options say */
    if (!caches_prepare() || !thread_make_known()) {
        snprintf(error->text, sizeof error->text, "there can be no caches: %s", strerror(errno));
        return NULL;
    }
    region = create_region(options, error);
    if (region == NULL) {
        return NULL;
    }
    player = table_grow(NULL, &(size_t){0}, 0, sizeof *player);
    player->region = region;
    player->seats = table_grow(NULL, &player->threads, 0, sizeof *player->seats);
    return player;
}

void player_destroy(Player *player)
{
    if (player != NULL) {
        Mem_RegionDestroy(player->region);
        free(player->blocks);
        free(player->seats);
        free(player);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Threads
 * --------------------------------------------------------------------------------------------- */

/* Gives the calling thread the seat of a thread of the trace. */
static void take_seat(Player *player, uint32_t thread)
{
    Region *region = region_of(player->region);
    Seat *seat = &player->seats[player->thread];
    size_t slot = region_slot(region);

    *seat = (Seat){thread_self->owned[slot], thread_calls[slot]};
    if (thread >= player->threads) {
        player->seats = table_grow(player->seats, &player->threads, thread, sizeof *seat);
    }
    player->thread = thread;
    seat = &player->seats[thread];
    thread_set_cache(thread_self, slot, seat->cache);
    thread_calls[slot] = seat->calls;
}

static void enter(Player *player, uint32_t thread)
{
    if (thread != player->thread && region_is_cached(region_of(player->region))) {
        take_seat(player, thread);
    }
}

/* Ends the thread that the calling one plays. */
static void end_thread(Player *player)
{
    Region *region = region_of(player->region);
    Cache *cache;
    size_t slot;

    if (!region_is_cached(region)) {
        return;
    }
    slot = region_slot(region);
    cache = thread_self->owned[slot];
    thread_calls[slot] = 0;
    if (cache != NULL) {
        thread_set_cache(thread_self, slot, NULL);
        caches_leave(cache);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Calls
 * --------------------------------------------------------------------------------------------- */

static void **block_at(Player *player, uint32_t slot)
{
    if (slot >= player->slots) {
        player->blocks = table_grow(player->blocks, &player->slots, slot, sizeof *player->blocks);
    }
    return &player->blocks[slot];
}

/* Of memory that is to be 0, too, since Calloc takes the same block. */
static bool alloc(Player *player, const TraceEvent *event)
{
    size_t size = (size_t)event->size;
    void *block = event->alignment != 0
                      ? Mem_RegionAlignedAlloc(player->region, (size_t)event->alignment, size)
                      : Mem_RegionAlloc(player->region, size);

    *block_at(player, event->slot) = block;
    return block != NULL;
}

static bool resize(Player *player, const TraceEvent *event)
{
    void **block = block_at(player, event->slot);
    void *resized = Mem_RegionRealloc(player->region, *block, (size_t)event->size);

    if (resized != NULL) {
        *block = resized;
    }
    return resized != NULL;
}

static void reset(Player *player)
{
    Mem_RegionReset(player->region);
    if (player->slots != 0) {
        memset(player->blocks, 0, player->slots * sizeof *player->blocks);
    }
}

static void play_rare(Player *player, const TraceEvent *event)
{
    switch (event->rare) {
    case TRACE_REGION_ENDS:
    case TRACE_REGION_RESET:
        reset(player);
        break;
    case TRACE_THREAD_ENDS:
        enter(player, event->thread);
        end_thread(player);
        break;
    default:
        break;
    }
}

bool player_play(Player *player, const TraceEvent *event)
{
    void **block;

    switch (event->op) {
    case TRACE_ALLOC:
    case TRACE_CALLOC:
        enter(player, event->thread);
        return alloc(player, event);
    case TRACE_RESIZE:
        enter(player, event->thread);
        return resize(player, event);
    case TRACE_FREE:
        enter(player, event->thread);
        block = block_at(player, event->slot);
        Mem_RegionFree(player->region, *block);
        *block = NULL;
        return true;
    case TRACE_RARE:
        play_rare(player, event);
        return true;
    default:
        return true;
    }
}

/* ------------------------------------------------------------------------------------------------
 * Looking
 * --------------------------------------------------------------------------------------------- */

PlayerPlace player_place(const Player *player, uint32_t slot)
{
    Heap *heap = &region_of(player->region)->heap;
    void *block = slot < player->slots ? player->blocks[slot] : NULL;

    if (block == NULL) {
        return (PlayerPlace){0, 0};
    }
    return (PlayerPlace){
        (uint64_t)((char *)block - (char *)heap_address(heap, heap->first)),
        Mem_RegionSize(player->region, block),
    };
}

uint64_t player_capacity(const Player *player)
{
    return region_capacity(region_of(player->region));
}

uint64_t player_total(const Player *player)
{
    Mem_Stats stats;

    Mem_RegionGetStats(player->region, &stats);
    return stats.capacity + stats.bookkeeping;
}

uint64_t player_largest_free(const Player *player)
{
    Mem_Stats stats;

    Mem_RegionGetStats(player->region, &stats);
    return stats.largest_free;
}

uint64_t player_in_use(const Player *player)
{
    const Heap *heap = &region_of(player->region)->heap;

    return heap_bytes(heap, heap_in_use(heap));
}

uint64_t player_reach(const Player *player)
{
    const Heap *heap = &region_of(player->region)->heap;

    return heap_bytes(heap, heap->clean - heap->first);
}

bool player_check(const Player *player, char *message, size_t size)
{
    return Mem_RegionCheckReport(player->region, message, size) == 0;
}
