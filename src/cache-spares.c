/* SPDX-License-Identifier: MIT */
#include "cache-spares.h"

enum { EMPTIES_MAX = 256 /* magazines that a thread keeps, to be filled */ };

Magazine *cache_take_empty(Cache *cache)
{
    Magazine *empty;

    if (cache->empties == 0) {
        return pool_take_magazine(cache->pool);
    }
    empty = pool_piece(cache->pool, cache->empties);
    cache->empties = empty->next;
    cache->empty_count--;
    return empty;
}

void cache_keep_empty(Cache *cache, Magazine *empty)
{
    if (cache->empty_count == EMPTIES_MAX) {
        pool_give_magazine(cache->pool, empty);
        return;
    }
    empty->next = cache->empties;
    cache->empties = pool_number(cache->pool, empty);
    cache->empty_count++;
}

void cache_give_empties(Cache *cache)
{
    while (cache->empties != 0) {
        pool_give_magazine(cache->pool, cache_take_empty(cache));
    }
}

size_t cache_magazine_units(Cache *cache, size_t number)
{
    return pool_rounds(cache->pool, number) * sizes_units(number);
}

Magazine *cache_take_spare(Cache *cache, size_t number)
{
    Magazine *full;

    if (cache->spares[number] == 0) {
        return NULL;
    }
    full = pool_piece(cache->pool, cache->spares[number]);
    cache->spares[number] = full->next;
    cache->spare_count[number]--;
    cache->spare -= (Pos)cache_magazine_units(cache, number);
    if (cache->spare_count[number] < cache->spare_least[number]) {
        cache->spare_least[number] = cache->spare_count[number];
    }
    return full;
}

void cache_keep_spare(Cache *cache, size_t number, Magazine *full)
{
    full->next = cache->spares[number];
    cache->spares[number] = pool_number(cache->pool, full);
    cache->spare_count[number]++;
    cache->spare += (Pos)cache_magazine_units(cache, number);
}
