/* SPDX-License-Identifier: MIT */
#include "forest.h"

#include <stdlib.h>
#include <string.h>

#include "region/region.h"

enum { MARGIN = 64, MARGIN_BYTE = 0x5a };

bool forest_plant(Forest *forest, Pos classes, Pos units, size_t space, bool fill)
{
    Layout layout = {.alignment = UNIT_BYTES, .shift = UNIT_SHIFT};

    layout_place_front(&layout, classes, units, space);
    layout.end = layout.first + units;
    *forest = (Forest){.layout = layout, .least = classes};
    forest->memory = calloc(1, layout.guard + 2 * (size_t)MARGIN);
    if (forest->memory == NULL) {
        return false;
    }
    memset(forest->memory, MARGIN_BYTE, MARGIN);
    memset(forest->memory + MARGIN + layout.guard, MARGIN_BYTE, MARGIN);
    forest->heap = &((Region *)(void *)(forest->memory + MARGIN + layout.region))->heap;
    if (fill) {
        /* The former contents of the nodes, and of the map, must not matter. */
        memset(forest->memory + MARGIN, 0xee, layout.starts);
        memset(forest->memory + MARGIN + layout.free, 0xee, layout.region - layout.free);
        memset(forest->heap, 0xee, sizeof *forest->heap);
    }
    layout_shape_heap(&layout, forest->heap);
    index_clear(forest->heap);
    map_set_start(heap_map(forest->heap), layout.end);
    return true;
}

void forest_fell(Forest *forest)
{
    for (size_t i = 0; i < MARGIN; i++) {
        if (forest->memory[i] != MARGIN_BYTE ||
            forest->memory[MARGIN + forest->layout.guard + i] != MARGIN_BYTE) {
            ck_abort_msg("written to outside of the memory");
        }
    }
    free(forest->memory);
}

static void declare(Forest *forest, Pos start, Pos size, bool is_free)
{
    Map map = heap_map(forest->heap);

    map_set_start(map, start);
    if (is_free) {
        map_set_free(map, start, size);
    } else {
        map_set_used(map, start, size);
    }
    map_put_size(map, start, size);
}

void forest_add(Forest *forest, Pos room)
{
    Cell *cell = &forest->cells[forest->cell_count];

    ck_assert_uint_lt(forest->cell_count, CELLS_MAX);
    ck_assert_uint_gt(room, forest->least);
    cell->start = forest->cell_count == 0 ? forest->layout.first : cell[-1].start + cell[-1].room;
    cell->room = room;
    forest->cell_count++;
    ck_assert_uint_le(room, forest->layout.end - cell->start);
    declare(forest, cell->start, room, false);
    if (cell->start + room != forest->layout.end) { /* the rest is in use */
        declare(forest, cell->start + room, forest->layout.end - cell->start - room, false);
    }
}

void forest_divide(Forest *forest, Random *source)
{
    Pos units = forest->layout.end - forest->layout.first;

    while (units > forest->least && forest->cell_count < CELLS_MAX) {
        Pos room = forest->least + 1 + (Pos)random_scaled(source, units / 4);

        room = room > units ? units : room;
        forest_add(forest, room);
        units -= room;
    }
}

Index forest_index(const Forest *forest)
{
    return forest->layout.classes >= SLOTS_BELOW ? index_usual(forest->heap)
                                                 : index_of(forest->heap);
}

size_t forest_bin(const Forest *forest, Pos size)
{
    return index_large_class(forest_index(forest), size);
}

/* [ in use: room ] */
void forest_take(Forest *forest, Cell *cell)
{
    Map map = heap_map(forest->heap);

    index_remove_large(forest_index(forest), cell->block, cell->size);
    memset(tree_node(heap_tree(forest->heap), cell->block), 0xee, sizeof(TreeNode));
    map_clear_start(map, cell->block);
    if (cell->block + cell->size != cell->start + cell->room) {
        map_clear_start(map, cell->block + cell->size);
    }
    declare(forest, cell->start, cell->room, false);
    cell->size = 0;
    forest->count--;
}

/* [ in use ][ free: block, size ][ in use, or nothing ] */
void forest_give(Forest *forest, Cell *cell, Pos block, Pos size)
{
    Pos end = cell->start + cell->room;

    cell->block = block;
    cell->size = size;
    declare(forest, cell->start, block - cell->start, false);
    declare(forest, block, size, true);
    if (block + size != end) {
        declare(forest, block + size, end - block - size, false);
    }
    index_insert_large(forest_index(forest), block, size);
    forest->count++;
}

/* Returns the array's block for a size, or 0: the smallest of at least `units` units, or the
 * largest; of bins from first to last. */
static Pos best_of(const Forest *forest, Pos units, size_t first, size_t last, bool largest)
{
    Pos best = 0;

    for (size_t i = 0; i < forest->cell_count; i++) {
        Pos size = forest->cells[i].size;

        if (size != 0 && size >= units && forest_bin(forest, size) >= first &&
            forest_bin(forest, size) <= last &&
            (best == 0 || (largest ? size > best : size < best))) {
            best = size;
        }
    }
    return best;
}

/* Verifies that a found block exists, and has the expected size. */
static void verify_found(const Forest *forest, Pos block, Pos expected)
{
    if (block == TREE_NONE && expected == 0) {
        return;
    }
    for (size_t i = 0; i < forest->cell_count; i++) {
        const Cell *cell = &forest->cells[i];

        if (cell->size != 0 && cell->block == block) {
            if (cell->size != expected) {
                ck_abort_msg("found %u units, not %u", cell->size, expected);
            }
            return;
        }
    }
    ck_abort_msg("found a block that is not there, %u, rather than %u units", block, expected);
}

static bool holds(const Forest *forest, Pos block, Pos size)
{
    return index_holds_large(forest_index(forest), block, size);
}

static void verify_cell(const Forest *forest, const Cell *cell)
{
    Map map = heap_map(forest->heap);
    Pos block = cell->block;
    Pos size = cell->size;
    Pos before = size == 0 ? cell->room : block - cell->start;
    Pos end = cell->start + cell->room;

    /* Nodes do not disturb the map. */
    if (!map_is_start(map, cell->start) || map_is_free(map, cell->start) ||
        map_size(map, cell->start) != before ||
        map_previous(map, cell->start + before) != cell->start ||
        map_is_free(map, cell->start + before - 1)) {
        ck_abort_msg("the map has the block in use at %u wrong", cell->start);
    }
    if (size == 0) {
        return;
    }
    if (!map_is_start(map, block) || !map_is_free(map, block) || map_size(map, block) != size ||
        map_previous(map, block + size) != block || !map_is_free(map, block + size - 1) ||
        (block + size != end && map_size(map, block + size) != end - block - size)) {
        ck_abort_msg("the map has the free block at %u wrong", block);
    }
    if (!holds(forest, block, size)) {
        ck_abort_msg("block %u of %u units is not in its class", block, size);
    }
    if (holds(forest, block, size + 1) ||
        (size > forest->least && holds(forest, block, size - 1)) ||
        holds(forest, block + 1, size)) {
        ck_abort_msg("block %u of %u units is in a class elsewhere, too", block, size);
    }
}

/* Verifies that each bin is marked if it holds something, and that all bins together hold every
 * block. */
void forest_verify_bins(const Forest *forest)
{
    const Layout *layout = &forest->layout;
    Index index = forest_index(forest);
    size_t count = 0;

    for (size_t class = 0; class < classes_words(layout->head_count) * MAP_WORD_BITS; class ++) {
        bool is_bin = class >= layout->classes && class < layout->head_count;
        size_t held = is_bin ? index_count_large(index, class, CELLS_MAX) : 0;

        if (classes_is_marked(forest->heap, class) != (held != 0)) {
            ck_abort_msg("class %zu is marked, or not, and should not be so", class);
        }
        if (held > 2 && !index_is_shelved(forest->heap, index_shelf_begin(forest->heap, class)) &&
            !bin_has_tree(index_bin_at(index, class))) {
            ck_abort_msg("bin %zu of %zu blocks has no tree", class, held);
        }
        count += held;
    }
    if (count != forest->count) {
        ck_abort_msg("%zu blocks, not %zu", count, forest->count);
    }
    for (size_t word = 0; word < 64; word++) {
        bool expected = word < classes_words(layout->head_count) && forest->heap->words[word] != 0;

        if (bits_test(forest->heap->summary, word) != expected) {
            ck_abort_msg("the summary has word %zu wrong", word);
        }
    }
}

static void verify_best(const Forest *forest, Pos units)
{
    Index index = forest_index(forest);
    Pos expected = best_of(forest, units, 0, HEADS_MAX, false);
    Pos block = TREE_NONE;

    if (index_best(index, units, &block) != expected) {
        ck_abort_msg("for %u units: found other than %u", units, expected);
    }
    verify_found(forest, expected == 0 ? TREE_NONE : block, expected);
    if (units > forest->layout.end - forest->layout.first) {
        return; /* it may have no class */
    }
    if (units >= forest->layout.classes) {
        size_t bin = index_large_class(index, units);

        verify_found(forest, index_best_large(index, units, bin), expected);
        if (bin < forest->layout.head_count && classes_is_marked(forest->heap, bin)) {
            verify_found(forest, index_best_of_class(index, units, bin),
                         best_of(forest, units, bin, bin, false));
        }
    }
    /* A small size in a class with larger blocks only. */
    for (size_t i = 0; units < forest->layout.classes && i < forest->cell_count; i += 7) {
        if (forest->cells[i].size != 0) {
            size_t bin = forest_bin(forest, forest->cells[i].size);

            verify_found(forest, index_best_large(index, units, bin),
                         best_of(forest, units, bin, HEADS_MAX, false));
        }
    }
}

void forest_verify(const Forest *forest, Random *source)
{
    Index index = forest_index(forest);

    for (size_t i = 0; i < forest->cell_count; i++) {
        verify_cell(forest, &forest->cells[i]);
    }
    forest_verify_bins(forest);
    if (heap_largest_free(forest->heap) != best_of(forest, 0, 0, HEADS_MAX, true)) {
        ck_abort_msg("the largest is %u", heap_largest_free(forest->heap));
    }
    for (int i = 0; i < 4; i++) {
        const Cell *cell = &forest->cells[random_below(source, forest->cell_count)];
        Pos near = cell->size != 0 ? cell->size : cell->room;
        Pos units = i == 0   ? near
                    : i == 1 ? near + 1
                    : i == 2 ? near - 1
                             : 1 + (Pos)random_scaled(source, 2 * (size_t)cell->room);

        verify_best(forest, units);
        if (cell->size != 0) {
            size_t bin = forest_bin(forest, cell->size);

            verify_found(forest, index_smallest_of_class(index, bin),
                         best_of(forest, 0, bin, bin, false));
            if (index_largest_of_class(index, bin) != best_of(forest, 0, bin, bin, true)) {
                ck_abort_msg("the largest of class %zu is %u", bin,
                             index_largest_of_class(index, bin));
            }
        }
    }
    verify_best(forest, 1);
}
