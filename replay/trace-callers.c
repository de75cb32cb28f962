/* SPDX-License-Identifier: MIT */
#include "replay/trace-callers.h"

#include <stdlib.h>

enum { LEAST = 64 }; /* nodes, and places of the table */

static uint32_t hash(uint64_t address, uint32_t parent)
{
    uint64_t word = (address ^ (uint64_t)parent << 40 ^ parent) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(word >> 32);
}

static bool grow_nodes(Callers *callers)
{
    uint32_t room = callers->room == 0 ? LEAST : 2 * callers->room;
    TraceCaller *nodes = NULL;

    if (room > callers->room) {
        nodes = realloc(callers->nodes, room * sizeof *nodes);
    }
    if (nodes == NULL) {
        return false;
    }
    if (callers->count == 0) {
        nodes[0] = (TraceCaller){0};
        callers->count = 1;
    }
    callers->nodes = nodes;
    callers->room = room;
    return true;
}

bool callers_add(Callers *callers, uint64_t address, uint32_t parent)
{
    if (callers->count == callers->room && !grow_nodes(callers)) {
        return false;
    }
    callers->nodes[callers->count++] = (TraceCaller){.address = address, .parent = parent};
    return true;
}

static void enter(Callers *callers, uint32_t node)
{
    const TraceCaller *caller = &callers->nodes[node];
    uint32_t place = hash(caller->address, caller->parent);

    while (callers->table[place & (callers->places - 1)] != 0) {
        place++;
    }
    callers->table[place & (callers->places - 1)] = node;
}

/* Grows the table if another node needs that. */
static bool grow_table(Callers *callers)
{
    uint32_t places = callers->places == 0 ? LEAST : callers->places;

    while (places / 4 * 3 <= callers_count(callers)) {
        places *= 2;
        if (places == 0) {
            return false;
        }
    }
    if (places == callers->places) {
        return true;
    }

    uint32_t *table = calloc(places, sizeof *table);

    if (table == NULL) {
        return false;
    }
    free(callers->table);
    callers->table = table;
    callers->places = places;
    for (uint32_t node = 1; node < callers->count; node++) {
        enter(callers, node);
    }
    return true;
}

uint32_t callers_find(Callers *callers, uint64_t address, uint32_t parent)
{
    if (!grow_table(callers)) {
        return 0;
    }
    for (uint32_t place = hash(address, parent);; place++) {
        uint32_t node = callers->table[place & (callers->places - 1)];

        if (node == 0) {
            break;
        }
        if (callers->nodes[node].address == address && callers->nodes[node].parent == parent) {
            return node;
        }
    }
    if (!callers_add(callers, address, parent)) {
        return 0;
    }
    enter(callers, callers->count - 1);
    return callers->count - 1;
}

void callers_free(Callers *callers)
{
    free(callers->nodes);
    free(callers->table);
    *callers = (Callers){0};
}
