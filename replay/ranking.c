/* SPDX-License-Identifier: MIT */
#include "replay/ranking.h"

#include <stdbool.h>
#include <stdlib.h>

#include "replay/table.h"

enum { FIRST_ROOM = 256 };

/* The place of a key: where it is, or an empty one. */
static RankingEntry *find(const Ranking *ranking, uint64_t key)
{
    uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash ^ hash >> 32) & (ranking->room - 1);

    while (ranking->entries[at].calls != 0 && ranking->entries[at].key != key) {
        at = (at + 1) & (ranking->room - 1);
    }
    return &ranking->entries[at];
}

static void enlarge(Ranking *ranking)
{
    Ranking old = *ranking;
    size_t room = 0;

    ranking->room = old.room == 0 ? FIRST_ROOM : 2 * old.room;
    ranking->entries = table_grow(NULL, &room, ranking->room - 1, sizeof *ranking->entries);
    for (size_t i = 0; i < old.room; i++) {
        if (old.entries[i].calls != 0) {
            *find(ranking, old.entries[i].key) = old.entries[i];
        }
    }
    free(old.entries);
}

void ranking_add(Ranking *ranking, uint64_t key, uint64_t bytes)
{
    RankingEntry *entry;

    if (3 * ranking->count >= 2 * ranking->room) {
        enlarge(ranking);
    }
    entry = find(ranking, key);
    ranking->count += entry->calls == 0;
    entry->key = key;
    entry->calls++;
    entry->bytes += bytes;
}

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_bytes(const void *a, const void *b)
{
    const RankingEntry *one = a;
    const RankingEntry *other = b;
    int result = order(other->bytes, one->bytes);

    return result != 0 ? result : order(one->key, other->key);
}

static int compare_calls(const void *a, const void *b)
{
    const RankingEntry *one = a;
    const RankingEntry *other = b;
    int result = order(other->calls, one->calls);

    return result != 0 ? result : order(one->key, other->key);
}

static void sort(Ranking *ranking, int (*compare)(const void *, const void *))
{
    size_t count = 0;

    for (size_t i = 0; i < ranking->room; i++) {
        if (ranking->entries[i].calls != 0) {
            ranking->entries[count++] = ranking->entries[i];
        }
    }
    ranking->room = count;
    if (count != 0) {
        qsort(ranking->entries, count, sizeof *ranking->entries, compare);
    }
}

void ranking_sort_by_bytes(Ranking *ranking)
{
    sort(ranking, compare_bytes);
}

void ranking_sort_by_calls(Ranking *ranking)
{
    sort(ranking, compare_calls);
}

void ranking_free(Ranking *ranking)
{
    free(ranking->entries);
    *ranking = (Ranking){.entries = NULL};
}
