/* SPDX-License-Identifier: MIT
 *
 * The map is walked, in address order, for long free blocks. It is enough to look for words of starts
 * that are 0: what has none is no longer than two words. Between two turns, for which the region is
 * locked, all may change; but the place where a turn ended means the same in the next one. */
#include "region/release.h"

#include "os/pages.h"

enum {
    TURN_WORDS = 1 << 14,           /* of the map that are looked at in one turn */
    TURN_BYTES = 4 << 20,           /* that are released in one turn */
    LEAST_UNITS = 2 * MAP_WORD_BITS /* blocks of fewer may hold no whole word */
};

/* A walk: what is looked for, and how far it came. */
typedef struct Walk {
    Heap *heap;
    size_t page;     /* bytes */
    size_t least;    /* units */
    Pos at;          /* all before it is done */
    Pos block;       /* where a turn ended inside of a free block: its start; else 0 */
    Pos end;         /* nothing behind it was touched */
    size_t released; /* bytes, by now */
} Walk;

/* Start of the block that the walk is at. Often that of the last turn, which need not be searched. */
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

/* Finds the free block, long enough, that a position lies in, or the next one behind it, within one
 * turn. Returns 0 if there is none; then the walk is as far as it looked. */
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
        /* Never back, whatever the map says. */
        word += MAP_WORD_BITS;
        if (((block + *size) & ~(Pos)(MAP_WORD_BITS - 1)) > word) {
            word = (block + *size) & ~(Pos)(MAP_WORD_BITS - 1);
        }
    }
    walk->at = word;
    return 0;
}

/* Releases pages of a free block, no more than is to be in one turn. */
static void release_some(Walk *walk, Pos block, Pos size)
{
    uintptr_t begin = (uintptr_t)heap_address(walk->heap, block + 1); /* behind links */
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
