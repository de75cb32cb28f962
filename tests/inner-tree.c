/* SPDX-License-Identifier: MIT
 *
 * The tree of large free blocks alone, against a plain array of them. */
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tree.h"

enum { CELLS_MAX = 80 };

/* A part of the heap, in which at most one large free block lies. */
typedef struct Cell {
    Pos start, room;
    Pos block, size; /* size 0: none */
} Cell;

typedef struct Forest {
    Tree *tree;
    Cell cells[CELLS_MAX];
    size_t cell_count;
    size_t count; /* blocks */
    Pos least;    /* units of the smallest large block */
} Forest;

/* Divides so many units into cells, of all scales. */
static void plant(Forest *forest, Pos units, unsigned slot_shift, Random *source)
{
    size_t bytes = tree_bytes(units, slot_shift);
    const Pos origin = 64 + (Pos)random_below(source, 10000);
    Pos at = 0;

    forest->tree = calloc(1, sizeof(Tree) + bytes + 64);
    ck_assert_ptr_nonnull(forest->tree);
    memset((char *)(forest->tree + 1) + bytes, 0x5a, 64);
    forest->least = (Pos)1 << slot_shift;
    forest->cell_count = forest->count = 0;
    tree_init(forest->tree, origin, units, slot_shift, sizeof(Tree));
    tree_clear(forest->tree);
    while (units - at >= forest->least && forest->cell_count < CELLS_MAX) {
        Pos room = forest->least + (Pos)random_scaled(source, (units - at) / 4);

        if (room > units - at) {
            room = units - at;
        }
        forest->cells[forest->cell_count++] = (Cell){.start = origin + at, .room = room};
        at += room;
    }
}

static void fell(Forest *forest, Pos units, unsigned slot_shift)
{
    const char *end = (const char *)(forest->tree + 1) + tree_bytes(units, slot_shift);

    for (int i = 0; i < 64; i++) {
        ck_assert_int_eq(end[i], 0x5a);
    }
    free(forest->tree);
}

/* The smallest size of at least so many units, and the largest of all, as the array has them. */
static Pos best_of(const Forest *forest, Pos units)
{
    Pos best = 0;

    for (size_t i = 0; i < forest->cell_count; i++) {
        Pos size = forest->cells[i].size;

        if (size != 0 && size >= units && (best == 0 || size < best)) {
            best = size;
        }
    }
    return best;
}

static Pos largest_of(const Forest *forest)
{
    Pos largest = 0;

    for (size_t i = 0; i < forest->cell_count; i++) {
        if (forest->cells[i].size > largest) {
            largest = forest->cells[i].size;
        }
    }
    return largest;
}

/* A node must be that of a block which is there. */
static void verify_node(const Forest *forest, const TreeNode *node, Pos expected)
{
    if (node == NULL ? expected != 0 : node->size != expected) {
        ck_abort_msg("found %u units, not %u", node == NULL ? 0 : node->size, expected);
    }
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < forest->cell_count; i++) {
        if (forest->cells[i].size == node->size && forest->cells[i].block == node->start) {
            return;
        }
    }
    ck_abort_msg("found a block that is not there");
}

static void verify(Forest *forest, Random *source)
{
    Tree *tree = forest->tree;

    if (tree_count(tree, CELLS_MAX) != forest->count) {
        ck_abort_msg("%zu blocks, not %zu", tree_count(tree, CELLS_MAX), forest->count);
    }
    for (size_t i = 0; i < forest->cell_count; i++) {
        const Cell *cell = &forest->cells[i];

        if (cell->size != 0 && (!tree_holds(tree, cell->block, cell->size) ||
                                tree_holds(tree, cell->block, cell->size + 1) ||
                                tree_holds(tree, cell->block, cell->size - 1) ||
                                tree_holds(tree, cell->block + 1, cell->size - 1))) {
            ck_abort_msg("block %u of %u units is not in the tree, or under another size",
                         cell->block, cell->size);
        }
    }
    verify_node(forest, tree_largest(tree), largest_of(forest));
    for (int i = 0; i < 4; i++) {
        const Cell *cell = &forest->cells[random_below(source, forest->cell_count)];
        Pos near = cell->size != 0 ? cell->size : cell->room;
        Pos units = i == 0   ? near
                    : i == 1 ? near + 1
                    : i == 2 ? near - 1
                             : 1 + (Pos)random_scaled(source, 2 * (size_t)cell->room);

        verify_node(forest, tree_best(tree, units), best_of(forest, units));
    }
}

static void change(Forest *forest, Random *source)
{
    Cell *cell = &forest->cells[random_below(source, forest->cell_count)];

    if (cell->size == 0) {
        Pos more = cell->room - forest->least;

        cell->size = forest->least + (Pos)random_scaled(source, more);
        if (random_below(source, 3) == 0) { /* often of the same size as others */
            cell->size = forest->least + (more > 3 ? 3 : more);
        }
        cell->block = cell->start + (Pos)random_below(source, cell->room - cell->size + 1);
        tree_insert(forest->tree, cell->block, cell->size);
        forest->count++;
    } else if (cell->size > forest->least && random_below(source, 3) == 0) {
        Pos units = 1 + (Pos)random_scaled(source, cell->size - forest->least - 1);

        tree_trim(forest->tree, cell->block, units);
        cell->block += units;
        cell->size -= units;
    } else {
        tree_remove(forest->tree, cell->block);
        cell->size = 0;
        forest->count--;
    }
}

START_TEST(tree_is_as_an_array)
{
    Random source = support_random("tree_is_as_an_array", _i);
    size_t operations = support_operations(100000);

    for (int round = 0; round < 20; round++) {
        unsigned slot_shift = 6 + (unsigned)random_below(&source, 7);
        Pos units = ((Pos)1 << slot_shift) +
                    (Pos)random_scaled(&source, (size_t)1 << (slot_shift + 12));
        Forest forest;

        plant(&forest, units, slot_shift, &source);
        for (size_t i = operations / 20; i > 0; i--) {
            change(&forest, &source);
            verify(&forest, &source);
        }
        fell(&forest, units, slot_shift);
    }
}
END_TEST

/* Many blocks of few sizes: long rings. */
START_TEST(tree_with_rings)
{
    Random source = support_random("tree_with_rings", _i);
    Forest forest;

    plant(&forest, 64 * 4 * CELLS_MAX, 6, &source);
    for (size_t i = 0; i < CELLS_MAX; i++) {
        forest.cells[i] = (Cell){.start = forest.cells[0].start + (Pos)i * 256, .room = 64 + 2};
    }
    forest.cell_count = CELLS_MAX;
    for (size_t i = support_operations(20000); i > 0; i--) {
        change(&forest, &source);
        verify(&forest, &source);
    }
    fell(&forest, 64 * 4 * CELLS_MAX, 6);
}
END_TEST

/* As large as positions go. */
START_TEST(tree_of_the_largest_heap)
{
    const Pos units = UINT32_MAX - 5000;
    Random source = support_random("tree_of_the_largest_heap", _i);
    Forest forest;

    if (support_is_emulated()) {
        support_skip("takes too much memory");
        return;
    }
    plant(&forest, units, 12, &source);
    for (size_t i = support_operations(5000); i > 0; i--) {
        change(&forest, &source);
        verify(&forest, &source);
    }
    fell(&forest, units, 12);
}
END_TEST

START_TEST(tree_too_small_for_any_block)
{
    Tree tree;

    ck_assert_uint_eq(tree_bytes(63, 6), 0);
    ck_assert_uint_eq(tree_bytes(0, 6), 0);
    tree_init(&tree, 64, 63, 6, sizeof tree);
    tree_clear(&tree);
    ck_assert_ptr_null(tree_best(&tree, 1));
    ck_assert_ptr_null(tree_largest(&tree));
    ck_assert_uint_eq(tree_count(&tree, 0), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("tree");

    tcase_add_loop_test(tests, tree_is_as_an_array, 0, 4);
    tcase_add_loop_test(tests, tree_with_rings, 0, 2);
    tcase_add_test(tests, tree_of_the_largest_heap);
    tcase_add_test(tests, tree_too_small_for_any_block);
    return support_end();
}
