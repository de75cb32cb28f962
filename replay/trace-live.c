/* SPDX-License-Identifier: MIT */
#include "replay/trace-live.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_BITS = 6 };

static size_t places(const Live *live)
{
    return live->table == NULL ? 0 : (size_t)1 << (64 - live->shift);
}

/* Returns the place where the search for a block begins. */
static size_t home(const Live *live, uint32_t number)
{
    return (size_t)((number >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> live->shift & ~UINT64_C(7)) |
           (number & 7);
}

static void enter(Live *live, uint32_t number, uint32_t slot)
{
    size_t mask = places(live) - 1;
    size_t place = home(live, number);

    while (live->table[place].slot != LIVE_NONE) {
        place = (place + 1) & mask;
    }
    live->table[place] = (LivePlace){.number = number, .slot = slot};
}

static bool grow_table(Live *live)
{
    unsigned bits = live->table == NULL ? LEAST_BITS : 64 - live->shift + 1;
    size_t old_places = places(live);
    LivePlace *old = live->table;
    LivePlace *table = malloc(sizeof *table << bits);

    if (table == NULL) {
        return false;
    }
    memset(table, 0xff, sizeof *table << bits);
    live->table = table;
    live->shift = 64 - bits;
    for (size_t i = 0; i < old_places; i++) {
        if (old[i].slot != LIVE_NONE) {
            enter(live, old[i].number, old[i].slot);
        }
    }
    free(old);
    return true;
}

static bool grow_slots(Live *live)
{
    uint32_t room = live->room == 0 ? 1U << LEAST_BITS : 2 * live->room;
    TraceBlock *slots = NULL;

    if (room > live->room) {
        slots = realloc(live->slots, room * sizeof *slots);
    }
    if (slots == NULL) {
        return false;
    }
    live->slots = slots;
    live->room = room;
    return true;
}

uint32_t live_add(Live *live, const TraceBlock *block)
{
    uint32_t slot;

    if ((live->count + (size_t)1) * 2 > places(live) && !grow_table(live)) {
        return LIVE_NONE;
    }
    if (live->free != 0) {
        slot = live->free - 1;
        live->free = live->slots[slot].caller;
    } else {
        if (live->used == live->room && !grow_slots(live)) {
            return LIVE_NONE;
        }
        slot = live->used++;
    }
    live->slots[slot] = *block;
    live->count++;
    enter(live, (uint32_t)block->number, slot);
    return slot;
}

static size_t find_place(const Live *live, uint64_t number)
{
    size_t mask = places(live) - 1;
    size_t place = home(live, (uint32_t)number);

    for (;; place = (place + 1) & mask) {
        const LivePlace *at = &live->table[place];

        if (at->slot == LIVE_NONE ||
            (at->number == (uint32_t)number && live->slots[at->slot].number == number)) {
            return place;
        }
    }
}

uint32_t live_find(const Live *live, uint64_t number)
{
    return live->table == NULL ? LIVE_NONE : live->table[find_place(live, number)].slot;
}

/* Frees a place, and moves up blocks that were displaced from it. */
static void leave(Live *live, size_t place)
{
    size_t mask = places(live) - 1;

    for (size_t next = (place + 1) & mask; live->table[next].slot != LIVE_NONE;
         next = (next + 1) & mask) {
        size_t distance = (next - home(live, live->table[next].number)) & mask;

        if (distance >= ((next - place) & mask)) {
            live->table[place] = live->table[next];
            place = next;
        }
    }
    live->table[place].slot = LIVE_NONE;
}

void live_remove(Live *live, uint32_t slot)
{
    leave(live, find_place(live, live->slots[slot].number));
    live->slots[slot].number = UINT64_MAX;
    live->slots[slot].caller = live->free;
    live->free = slot + 1;
    live->count--;
}

void live_remove_region(Live *live, uint32_t region)
{
    for (uint32_t slot = 0; slot < live->used; slot++) {
        if (live->slots[slot].number != UINT64_MAX && live->slots[slot].region == region) {
            live_remove(live, slot);
        }
    }
}

void live_clear(Live *live)
{
    live->used = live->free = live->count = 0;
    if (live->table != NULL) {
        memset(live->table, 0xff, places(live) * sizeof *live->table);
    }
}

void live_free(Live *live)
{
    free(live->slots);
    free(live->table);
    *live = (Live){0};
}
