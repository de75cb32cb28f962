/* SPDX-License-Identifier: MIT
 *
 * The trees of large free blocks, and their bins, against a plain array of the blocks; with nodes
 * in slots, and in the map. */
#include "forest.h"

static void change(Forest *forest, Random *source)
{
    Cell *cell = &forest->cells[random_below(source, forest->cell_count)];
    Pos more = cell->room - 1 - forest->least;

    if (cell->size == 0) {
        size_t which = random_below(source, 3);
        Pos size = forest->least;

        size += which == 0   ? (more > 3 ? 3 : more) /* often of the same size as others */
                : which == 1 ? (Pos)random_below(source, (size_t)more + 1)
                             : (Pos)random_scaled(source, more);
        forest_give(forest, cell, cell->start + 1 + (Pos)random_below(source, cell->room - size),
                    size);
    } else {
        forest_take(forest, cell);
    }
}

static void change_often(Forest *forest, Random *source, size_t operations)
{
    for (; operations > 0; operations--) {
        change(forest, source);
        forest_verify(forest, source);
    }
}

START_TEST(trees_are_as_an_array)
{
    Random source = support_random("trees_are_as_an_array", _i);
    const Pos classes = (Pos)CLASSES_MIN << _i;
    size_t operations = support_operations(20000);

    for (int round = 0; round < 20; round++) {
        Pos units = classes + 1 + (Pos)random_scaled(&source, (size_t)classes << 12);
        Forest forest;

        ck_assert(forest_plant(&forest, classes, units, random_below(&source, 10000), true));
        forest_divide(&forest, &source);
        change_often(&forest, &source, operations / 20);
        forest_fell(&forest);
    }
}
END_TEST

/* Many blocks of few sizes: long rings. */
START_TEST(trees_with_rings)
{
    Random source = support_random("trees_with_rings", _i);
    const Pos classes = (Pos)CLASSES_MIN << _i;
    Forest forest;

    ck_assert(forest_plant(&forest, classes, (classes + 3) * CELLS_MAX, 0, true));
    while (forest.cell_count < CELLS_MAX) {
        forest_add(&forest, classes + 3);
    }
    change_often(&forest, &source, support_operations(5000));
    forest_fell(&forest);
}
END_TEST

/* Returns the number of sizes in a class, given the first one. */
static uint64_t width_of_class(Pos classes, uint64_t first)
{
    if (classes < SLOTS_BELOW) {
        return bits_mask(bits_highest(first)) / 4;
    }
    return first < 4 * (uint64_t)classes ? 8 : bits_mask(bits_highest(first)) / 32;
}

/* Fills one bin with at most `cells` blocks, from the first size of a bin on. */
static void fill_bin_from(Random *source, Pos classes, Pos least, size_t cells, size_t operations)
{
    Forest forest;
    Pos width;

    ck_assert(forest_plant(&forest, classes, 2 * least * (Pos)cells, 0, true));
    width = (Pos)width_of_class(classes, least);
    forest.least = least;
    while (forest.cell_count < cells) {
        forest_add(&forest, least + width);
    }
    ck_assert_uint_eq(forest_bin(&forest, least), forest_bin(&forest, least + width - 1));
    ck_assert_uint_ne(forest_bin(&forest, least), forest_bin(&forest, least + width));
    ck_assert(least == classes || forest_bin(&forest, least) != forest_bin(&forest, least - 1));
    change_often(&forest, source, support_operations(operations));
    forest_fell(&forest);
}

/* Fills a bin of large sizes, and one of the smallest, which is a shelf in most heaps. */
static void fill_one_bin(Random *source, Pos classes, size_t cells, size_t operations)
{
    fill_bin_from(source, classes, 1 << 16, cells, operations);
    fill_bin_from(source, classes, classes, cells, operations);
    fill_bin_from(source, classes, 3 * classes, cells, operations);
}

/* A trie of the greatest depth. */
START_TEST(tree_of_one_bin)
{
    Random source = support_random("tree_of_one_bin", _i);

    fill_one_bin(&source, (Pos)CLASSES_MIN << _i, CELLS_MAX, 2000);
}
END_TEST

/* Trees come and go, since bins of two blocks have none, in all shapes that few blocks allow. */
START_TEST(trees_of_a_few)
{
    Random source = support_random("trees_of_a_few", _i);

    for (size_t cells = 2; cells < 8; cells++) {
        fill_one_bin(&source, (Pos)CLASSES_MIN << _i, cells, 100 * cells);
    }
}
END_TEST

/* The largest heap that positions allow. */
START_TEST(trees_of_the_largest_heap)
{
    const Pos classes = _i == 0 ? SLOTS_BELOW / 2 : CLASSES_MAX;
    const Pos units = UINT32_MAX - HEADS_MAX - 2 * MAP_WORD_BITS;
    Random source = support_random("trees_of_the_largest_heap", _i);
    Forest forest;

    if (support_is_emulated() || !forest_plant(&forest, classes, units, 0, false)) {
        support_skip("takes too much memory");
        return;
    }
    forest_divide(&forest, &source);
    change_often(&forest, &source, support_operations(2000));
    forest_fell(&forest);
    /* The whole heap at once. */
    ck_assert(forest_plant(&forest, classes, units, 0, false));
    forest_add(&forest, units);
    for (Pos size = units - 1; size > units / 2; size -= units / 100) {
        forest_give(&forest, &forest.cells[0], forest.layout.end - size, size);
        forest_verify(&forest, &source);
        forest_take(&forest, &forest.cells[0]);
        forest_verify(&forest, &source);
    }
    forest_fell(&forest);
}
END_TEST

/* Every size has a bin, in order; the last bin is the last head. */
START_TEST(bins_of_all_sizes)
{
    for (Pos classes = CLASSES_MIN; classes <= CLASSES_MAX; classes *= 2) {
        Bins bins = layout_bins(classes);
        size_t expected = classes;

        for (uint64_t size = classes; size <= UINT32_MAX;) {
            uint64_t width = width_of_class(classes, size);

            ck_assert_uint_eq(index_large_class_in(bins, (size_t)size), expected);
            ck_assert_uint_eq(index_large_class_in(bins, (size_t)(size + width - 1)), expected);
            expected++;
            size += width;
        }
        ck_assert_uint_le(expected, HEADS_MAX);
        ck_assert(classes != CLASSES_MAX || expected == HEADS_MAX);
    }
}
END_TEST

/* Heaps smaller than any large block: no bins, no nodes. */
START_TEST(heaps_too_small_for_any_tree)
{
    for (Pos classes = CLASSES_MIN; classes <= CLASSES_MAX; classes *= 2) {
        for (Pos units = 1; units < classes; units += 7) {
            Pos block = 0;
            Forest forest;

            ck_assert(forest_plant(&forest, classes, units, 0, true));
            ck_assert_uint_eq(forest.layout.head_count, classes);
            ck_assert_uint_eq(forest.layout.starts, 0); /* nothing lies before the map */
            for (Pos wanted = 1; wanted < 3 * classes; wanted++) {
                if (index_best(forest_index(&forest), wanted, &block) != 0) {
                    ck_abort_msg("found a block of %u units", wanted);
                }
            }
            ck_assert_uint_eq(index_best_large(forest_index(&forest), classes, classes), 0);
            ck_assert_uint_eq(heap_largest_free(forest.heap), 0);
            forest_verify_bins(&forest);
            forest_fell(&forest);
        }
    }
}
END_TEST

/* Asks a damaged tree what the checker asks. */
static bool holds(const Forest *forest, Pos root, const Cell *cell)
{
    return tree_holds(heap_tree(forest->heap), root, cell->block, cell->size, forest->layout.first,
                      forest->layout.end);
}

static size_t count(const Forest *forest, Pos root, size_t limit)
{
    return tree_count(heap_tree(forest->heap), root, limit, forest->layout.first,
                      forest->layout.end);
}

/* Makes a tree of one node with a ring: `blocks` blocks of one size in one bin. */
static void plant_ring(Forest *forest, size_t blocks)
{
    const Pos size = 1 << 16;

    ck_assert(forest_plant(forest, CLASSES_MIN, (size + 1) * (Pos)blocks, 0, true));
    while (forest->cell_count < blocks) {
        Cell *cell = &forest->cells[forest->cell_count];

        forest_add(forest, size + 1);
        forest_give(forest, cell, cell->start + 1, size);
    }
    forest_verify_bins(forest);
}

static const Bin *bin_of(const Forest *forest)
{
    Index index = forest_index(forest);

    return index_bin_at(index, index_bin(index, forest->cells[0].size));
}

/* Each node has one below it, on the path of its size: the depth is at most the bits of a size. */
START_TEST(a_tree_too_deep_is_found)
{
    enum { NODES = 40, DEPTH_MAX = 32 };
    Forest forest;
    Tree tree;
    uint32_t path;

    plant_ring(&forest, NODES);
    tree = heap_tree(forest.heap);
    path = tree_path(tree, forest.cells[0].size);
    for (size_t i = 0; i < NODES; i++) {
        Pos block = forest.cells[i].block;
        TreeNode *node = tree_node(tree, block);

        node->parent = i == 0 ? TREE_NONE : forest.cells[i - 1].block;
        node->child[0] = node->child[1] = TREE_NONE;
        node->child[path >> 31] = i + 1 < NODES ? forest.cells[i + 1].block : TREE_NONE;
        node->next = node->previous = block;
        path <<= 1;
    }
    for (size_t i = 0; i < NODES; i++) {
        ck_assert_int_eq(holds(&forest, forest.cells[0].block, &forest.cells[i]), i < DEPTH_MAX);
    }
    forest_fell(&forest);
}
END_TEST

/* No block of the ring is in the trie. */
START_TEST(a_ring_without_a_tree_is_found)
{
    enum { BLOCKS = 3 };
    Forest forest;
    Pos root;

    plant_ring(&forest, BLOCKS);
    root = bin_of(&forest)->first;
    for (size_t i = 0; i < BLOCKS; i++) {
        ck_assert(holds(&forest, root, &forest.cells[i]));
    }
    tree_node(heap_tree(forest.heap), root)->parent = TREE_RING;
    for (size_t i = 0; i < BLOCKS; i++) {
        ck_assert(!holds(&forest, root, &forest.cells[i]));
    }
    forest_fell(&forest);
}
END_TEST

/* Wherever a ring leads, counting ends with a different number. */
START_TEST(a_broken_ring_is_found)
{
    enum { BLOCKS = 5, LIMIT = 10 };
    Forest forest;
    TreeNode *node;
    Pos root, other;

    plant_ring(&forest, BLOCKS);
    root = bin_of(&forest)->first;
    node = tree_node(heap_tree(forest.heap), root);
    other = node->next;
    ck_assert_uint_eq(count(&forest, root, LIMIT), BLOCKS);
    ck_assert_uint_gt(count(&forest, root, BLOCKS - 2), BLOCKS - 2);
    node->parent = other; /* which other checks find */
    ck_assert_uint_eq(count(&forest, root, LIMIT), BLOCKS);
    node->parent = TREE_NONE;
    node->next = forest.layout.end;
    ck_assert_uint_lt(count(&forest, root, LIMIT), BLOCKS);
    node->next = forest.layout.first - 1;
    ck_assert_uint_lt(count(&forest, root, LIMIT), BLOCKS);
    node->next = other; /* which leads to itself, and never back */
    tree_node(heap_tree(forest.heap), other)->next = other;
    ck_assert_uint_gt(count(&forest, root, LIMIT), LIMIT);
    forest_fell(&forest);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("tree");
    int shapes = (int)bits_highest(CLASSES_MAX / CLASSES_MIN) + 1;

    tcase_add_loop_test(tests, trees_are_as_an_array, 0, shapes);
    tcase_add_loop_test(tests, trees_with_rings, 0, shapes);
    tcase_add_loop_test(tests, tree_of_one_bin, 0, shapes);
    tcase_add_loop_test(tests, trees_of_a_few, 0, shapes);
    tcase_add_loop_test(tests, trees_of_the_largest_heap, 0, 2);
    tcase_add_test(tests, bins_of_all_sizes);
    tcase_add_test(tests, heaps_too_small_for_any_tree);
    tcase_add_test(tests, a_tree_too_deep_is_found);
    tcase_add_test(tests, a_ring_without_a_tree_is_found);
    tcase_add_test(tests, a_broken_ring_is_found);
    return support_end();
}
