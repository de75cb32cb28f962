/* SPDX-License-Identifier: MIT
 *
 * apart: threads that share nothing. Each replaces blocks of its own at random places. Beside the
 * time, it measures false sharing: of the cache lines with blocks, the share with blocks of two
 * threads or more. When such threads write to their blocks, they wait for each other. */
#include "crew.h"

#include <stdlib.h>
#include <string.h>

enum { MEMBER_BITS = 10 }; /* bits of a member's number, which is below MOST_THREAD_NUMBER */

/* ------------------------------------------------------------------------------------------------
 * Time
 * --------------------------------------------------------------------------------------------- */

/* Replaces the block at a place. */
static void replace(Member *member, size_t place)
{
    uint32_t size = next_size(member);

    crew.heap->free(member->blocks[place]);
    member->blocks[place] = alloc_or_end(crew.heap, size);
    member->asked[place] = size;
}

/* Fills all places at the same time as the other threads do, as in a real program. */
static void *apart_work(void *argument)
{
    Member *member = argument;

    member_meet();
    for (size_t i = 0; i < crew.live; i++)
        replace(member, i);
    member_begin(member);
    for (size_t i = 0; i < crew.turn * crew.turns; i++)
        replace(member, next_place(member));
    member_end(member);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------
 * Cache lines
 * --------------------------------------------------------------------------------------------- */

static size_t lines_of(const Member *member, size_t place)
{
    uintptr_t start = (uintptr_t)member->blocks[place];

    return (start + member->asked[place] - 1) / LINE - start / LINE + 1;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Makes a sorted list of the lines of all blocks, with the member's number in the lowest bits.
 * Returns its length. */
static size_t list_lines(uint64_t **list)
{
    size_t count = 0, at = 0;

    for (uint32_t i = 0; i < crew.threads; i++) {
        for (size_t place = 0; place < crew.live; place++)
            count += lines_of(&crew.members[i], place);
    }
    *list = workload_memory(count * sizeof **list, 1);
    for (uint32_t i = 0; i < crew.threads; i++) {
        const Member *member = &crew.members[i];
        for (size_t place = 0; place < crew.live; place++) {
            uint64_t line = (uintptr_t)member->blocks[place] / LINE;
            for (size_t left = lines_of(member, place); left > 0; left--)
                (*list)[at++] = line++ << MEMBER_BITS | i;
        }
    }
    qsort(*list, count, sizeof **list, compare);
    return count;
}

/* Emits the share of lines with blocks of more than one member. */
static void emit_shared_lines(void)
{
    uint64_t *list;
    size_t count = list_lines(&list);
    size_t lines = 0, shared = 0;

    for (size_t next, i = 0; i < count; i = next) {
        next = i + 1;
        while (next < count && list[next] >> MEMBER_BITS == list[i] >> MEMBER_BITS)
            next++;
        lines++;
        shared += list[next - 1] != list[i];
    }
    emit("shared_lines", "%", 100 * (double)shared / (double)lines);
}

/* ------------------------------------------------------------------------------------------------ */

int measure_apart(const Heap *heap, const Setting *setting)
{
    if (heap->open((size_t)setting->region) != 0)
        return 1;
    crew_init(heap, setting, (size_t)setting->live);
    crew_choose_places();
    for (uint32_t i = 0; i < crew.threads; i++)
        crew.members[i].asked = workload_memory(crew.live * sizeof(uint32_t), 1);
    crew_run(apart_work);
    if (strcmp(heap->name, "none") != 0) /* it has no blocks */
        emit_shared_lines();
    return 0;
}
