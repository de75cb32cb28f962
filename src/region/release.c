/* SPDX-License-Identifier: MIT
 *
 * Walks the map in address order for long free blocks. It is enough to look for words of `starts`
 * that are 0: a block without one is no longer than two words. The region is locked for one turn at
 * a time. Between turns anything may change, but the position where a turn ended stays valid. */
#include "region/release.h"

#include "os/pages.h"

enum {
    TURN_WORDS = 1 << 14,           /* words of the map looked at in one turn */
    TURN_BYTES = 4 << 20,           /* bytes released in one turn */
    LEAST_UNITS = 2 * MAP_WORD_BITS /* shorter blocks may cover no whole word */
};

/* A walk: what it looks for, and how far it has come. */
typedef struct Walk {
    Heap *heap;
    size_t page;     /* bytes of a page */
    size_t least;    /* units of the shortest block of interest */
    Pos at;          /* position: everything before it is done */
    Pos block;       /* start of the free block in which a turn ended; else 0 */
    Pos end;         /* position: nothing from here on was ever used */
    size_t released; /* bytes released so far */
} Walk;

/* Returns the start of the block that the walk is at: often that of the last turn, which saves a
 * search. */
static Pos current_block(Walk *walk)
{
    Map map = heap_map(walk->heap);
    Pos block = walk->block;

    if (block != 0 && map_is_start(map, block) && map_is_free(map, block) &&
        block + map_size(map, block) > walk->at) {
        return block;
    }
    return heap_block_around(walk->heap, walk->at);
}

/* Finds, within one turn, the first free block at or behind the walk that is long enough. Returns 0
 * if there is none, and moves the walk to where it looked last. */
static Pos find_free(Walk *walk, Pos *size)
{
    Map map = heap_map(walk->heap);
    Pos block = current_block(walk);
    Pos word = walk->at & ~(Pos)(MAP_WORD_BITS - 1);

    for (size_t words = 0; words < TURN_WORDS && word < walk->end; words++) {
        uint64_t starts = map_load_word(map.starts, word);

        if (starts != 0) {
            block = word + (Pos)bits_highest(starts);
            word += MAP_WORD_BITS;
            continue;
        }
        *size = heap_next(walk->heap, block) - block;
        if (*size >= walk->least && map_is_free(map, block)) {
            return block;
        }
        /* Never goes back, whatever the map says. */
        word += MAP_WORD_BITS;
        if (((block + *size) & ~(Pos)(MAP_WORD_BITS - 1)) > word) {
            word = (block + *size) & ~(Pos)(MAP_WORD_BITS - 1);
        }
    }
    walk->at = word;
    return 0;
}

/* Releases pages of a free block, at most one turn's worth. */
static void release_some(Walk *walk, Pos block, Pos size)
{
    uintptr_t begin = (uintptr_t)heap_address(walk->heap, block + 1); /* behind the links */
    uintptr_t from = (uintptr_t)heap_address(walk->heap, walk->at);
    Pos end = block + size < walk->end ? block + size : walk->end;
    uintptr_t to = (uintptr_t)heap_address(walk->heap, end) & ~(walk->page - 1);
    size_t turn = TURN_BYTES > walk->page ? TURN_BYTES : walk->page;

    begin = (begin > from ? begin : from) + walk->page - 1;
    begin &= ~(walk->page - 1);
    walk->at = end;
    walk->block = 0;
    if (begin >= to) {
        return;
    }
    if (to - begin > turn) {
        to = begin + turn;
        walk->at = heap_position(walk->heap, (void *)to);
        walk->block = block;
    }
    if (pages_release((void *)begin, to - begin)) {
        walk->released += to - begin;
    }
}

static void turn(Walk *walk)
{
    Pos size;
    Pos block = find_free(walk, &size);

    if (block != 0) {
        release_some(walk, block, size);
    }
}

size_t release_pages(Region *region, size_t least)
{
    Heap *heap = &region->heap;
    Walk walk = {.heap = heap, .page = pages_size(), .at = heap->first};
    bool locked;

    walk.least = heap_units(heap, least);
    if (walk.least < LEAST_UNITS) {
        walk.least = LEAST_UNITS;
    }
    do {
        locked = region_lock(region);
        walk.end = heap->broken ? walk.at : heap->clean;
        if (walk.at < walk.end) {
            turn(&walk);
        }
        region_unlock(region, locked);
    } while (walk.at < walk.end);
    return walk.released;
}

size_t release_touched(Region *region)
{
    Heap *heap = &region->heap;
    bool locked = region_lock(region);
    size_t touched = heap_bytes(heap, heap->clean - heap->first);

    region_unlock(region, locked);
    return touched;
}
