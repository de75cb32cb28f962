/* SPDX-License-Identifier: MIT
 *
 * Adds up calls and bytes by a number: a size, or a caller. */
#ifndef MEM_REPLAY_RANKING_H
#define MEM_REPLAY_RANKING_H

#include <stddef.h>
#include <stdint.h>

typedef struct RankingEntry {
    uint64_t key;
    uint64_t calls; /* 0: the place is empty */
    uint64_t bytes;
} RankingEntry;

typedef struct Ranking {
    RankingEntry *entries; /* a hash table, two thirds full at most; after ranking_sort a list */
    size_t room;           /* places in it: 0, or a power of two */
    size_t count;          /* entries */
} Ranking;

/* Counts a call, and its bytes. */
void ranking_add(Ranking *ranking, uint64_t key, uint64_t bytes);

/* Makes it a list, by bytes, or by calls, the most first; of equals the smaller key. Nothing can be added any more. */
void ranking_sort_by_bytes(Ranking *ranking);
void ranking_sort_by_calls(Ranking *ranking);

void ranking_free(Ranking *ranking);

#endif
