/* SPDX-License-Identifier: MIT
 *
 * Every sequence of operations from a small menu, on regions of a few units; and blocks that begin,
 * end and cover whole words of the map in every way. A region holds no absolute addresses, so its
 * memory can be saved and restored: in that way all branches are tried from each state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { LEVELS_MAX = 8 };

typedef enum Verb { VERB_ALLOC, VERB_CALLOC, VERB_ALIGNED, VERB_REALLOC, VERB_FREE } Verb;

typedef struct Choice {
    Verb verb;
    size_t number; /* number of the block in use, in address order; or units of alignment */
    size_t units;  /* units of the request */
} Choice;

/* A state to return to. */
typedef struct Level {
    Model model;
    char *memory;
} Level;

typedef struct Search {
    Bed bed;
    const Choice *menu;
    size_t menu_length;
    int depth;
    size_t states;
    Model model;
    Level levels[LEVELS_MAX];
} Search;

/* Does one operation. Returns false if it changed nothing, so its successors are known. */
static bool choose(Search *search, const Choice *choice)
{
    Model *model = &search->model;
    size_t size = choice->units * UNIT;

    if ((choice->verb == VERB_REALLOC || choice->verb == VERB_FREE) &&
        choice->number >= model->blocks_in_use) {
        return false;
    }
    switch (choice->verb) {
    case VERB_ALLOC:
        return model_alloc(model, size);
    case VERB_CALLOC:
        return model_calloc(model, size);
    case VERB_ALIGNED:
        return model_aligned_alloc(model, choice->number * UNIT, size);
    case VERB_REALLOC:
        return model_realloc(model, model_used(model, choice->number), size);
    case VERB_FREE:
        model_free(model, model_used(model, choice->number));
        return true;
    }
    return false;
}

static void save(Search *search, int depth)
{
    bed_save(&search->bed, search->levels[depth].memory);
    model_copy(&search->levels[depth].model, &search->model);
}

static void restore(Search *search, int depth)
{
    bed_restore(&search->bed, search->levels[depth].memory);
    model_copy(&search->model, &search->levels[depth].model);
}

static void explore(Search *search, int depth)
{
    save(search, depth);
    for (size_t i = 0; i < search->menu_length; i++) {
        if (!choose(search, &search->menu[i])) {
            restore(search, depth);
            continue;
        }
        search->states++;
        if (depth + 1 < search->depth) {
            explore(search, depth + 1);
        }
        restore(search, depth);
    }
}

/* Opens the smallest region with room for `units` units. */
static Bed open_small(size_t units)
{
    for (size_t size = 512;; size += 8) {
        Bed bed = bed_open_inside(size, UNIT);

        if (bed.region != NULL && bed.capacity >= units * UNIT) {
            return bed;
        }
        bed_close(&bed);
    }
}

static void search_all(size_t units, const Choice *menu, size_t menu_length, int depth)
{
    Search search = {.bed = open_small(units), .menu = menu, .menu_length = menu_length};

    search.depth = support_is_emulated() ? depth - 2 : support_is_sanitized() ? depth - 1 : depth;
    model_open(&search.model, &search.bed);
    for (int i = 0; i < LEVELS_MAX; i++) {
        model_open(&search.levels[i].model, &search.bed);
        search.levels[i].memory = malloc(search.bed.memory_size);
        ck_assert_ptr_nonnull(search.levels[i].memory);
    }
    explore(&search, 0);
    printf("%zu units, %zu choices, %d deep: %zu states\n", search.bed.capacity / UNIT, menu_length,
           search.depth, search.states);
    for (int i = 0; i < LEVELS_MAX; i++) {
        model_close(&search.levels[i].model);
        free(search.levels[i].memory);
    }
    model_close(&search.model);
    bed_close(&search.bed);
}

#define SEARCH(units, menu, depth) search_all(units, menu, sizeof(menu) / sizeof(menu)[0], depth)

START_TEST(few_units)
{
    static const Choice menu[] = {
        {VERB_ALLOC, 0, 1},   {VERB_ALLOC, 0, 2},   {VERB_ALLOC, 0, 4}, {VERB_FREE, 0, 0},
        {VERB_FREE, 1, 0},    {VERB_FREE, 2, 0},    {VERB_FREE, 3, 0},  {VERB_REALLOC, 0, 3},
        {VERB_REALLOC, 1, 1}, {VERB_REALLOC, 2, 5},
    };

    SEARCH(_i == 0 ? 6 : 11, menu, 7);
}
END_TEST

START_TEST(few_units_resized)
{
    static const Choice menu[] = {
        {VERB_ALLOC, 0, 1},   {VERB_ALLOC, 0, 3},   {VERB_FREE, 0, 0},
        {VERB_FREE, 1, 0},    {VERB_REALLOC, 0, 1}, {VERB_REALLOC, 0, 5},
        {VERB_REALLOC, 1, 2}, {VERB_REALLOC, 1, 4}, {VERB_REALLOC, 2, 6},
    };

    SEARCH(10, menu, 7);
}
END_TEST

START_TEST(few_units_aligned)
{
    static const Choice menu[] = {
        {VERB_ALIGNED, 2, 1}, {VERB_ALIGNED, 4, 2}, {VERB_ALIGNED, 8, 1}, {VERB_ALLOC, 0, 1},
        {VERB_CALLOC, 0, 3},  {VERB_FREE, 0, 0},    {VERB_FREE, 1, 0},    {VERB_REALLOC, 1, 3},
    };

    SEARCH(16, menu, 7);
}
END_TEST

/* Sizes around the words of the map, and around those of blocks in trees. */
START_TEST(words)
{
    static const Choice menu[] = {
        {VERB_ALLOC, 0, 1},   {VERB_ALLOC, 0, 63},   {VERB_ALLOC, 0, 64},
        {VERB_ALLOC, 0, 130}, {VERB_FREE, 0, 0},     {VERB_FREE, 1, 0},
        {VERB_FREE, 2, 0},    {VERB_REALLOC, 0, 65}, {VERB_REALLOC, 1, 2},
    };

    SEARCH(_i == 0 ? 200 : 321, menu, 7);
}
END_TEST

START_TEST(words_resized)
{
    static const Choice menu[] = {
        {VERB_ALLOC, 0, 62},   {VERB_ALLOC, 0, 3},     {VERB_FREE, 0, 0},
        {VERB_FREE, 1, 0},     {VERB_REALLOC, 0, 66},  {VERB_REALLOC, 0, 128},
        {VERB_REALLOC, 1, 60}, {VERB_REALLOC, 1, 193}, {VERB_REALLOC, 2, 64},
        {VERB_ALIGNED, 64, 1},
    };

    SEARCH(333, menu, 7);
}
END_TEST

/* Frees the previous block, the block itself and the next one in one of six orders. */
static void free_three(Model *model, unsigned order)
{
    for (unsigned left = 3; left > 0; left--) {
        model_free(model, model_used(model, order % left));
        order /= left;
    }
}

/* [ before ][ block ][ behind ]: the block begins and ends everywhere. */
START_TEST(block_at_every_place)
{
    enum { UNITS = 270 };
    size_t step = support_is_emulated() ? 23 : support_is_sanitized() ? 3 : 1;
    Bed bed = open_small(UNITS);
    unsigned order = 0;

    for (size_t begin = 1; begin < UNITS - 1; begin += step) {
        for (size_t end = begin + 1; end < UNITS; end += step) {
            Model model;

            ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
            model_open(&model, &bed);
            model_alloc(&model, begin * UNIT);
            model_alloc(&model, (end - begin) * UNIT);
            model_alloc(&model, bed.capacity - end * UNIT);
            free_three(&model, order++ % 6);
            model_close(&model);
        }
    }
    bed_close(&bed);
}
END_TEST

/* A free block that begins and ends everywhere is filled again in two parts. */
START_TEST(free_run_at_every_place)
{
    enum { UNITS = 270 };
    size_t step = support_is_emulated() ? 23 : support_is_sanitized() ? 3 : 1;
    Bed bed = open_small(UNITS);

    for (size_t begin = 1; begin < UNITS - 2; begin += step) {
        for (size_t end = begin + 2; end < UNITS; end += step) {
            size_t part = 1 + (begin * 31 + end * 17) % (end - begin - 1);
            Model model;

            ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
            model_open(&model, &bed);
            model_alloc(&model, begin * UNIT);
            model_alloc(&model, (end - begin) * UNIT);
            model_alloc(&model, bed.capacity - end * UNIT);
            model_free(&model, 1);
            model_alloc(&model, part * UNIT);
            model_realloc(&model, 1, (end - begin) * UNIT);
            model_realloc(&model, 1, part * UNIT);
            model_realloc(&model, 0, UNIT);
            model_realloc(&model, model_used(&model, 1), (end - 1) * UNIT);
            model_close(&model);
        }
    }
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("exhaustive");

    tcase_add_loop_test(tests, few_units, 0, 2);
    tcase_add_test(tests, few_units_resized);
    tcase_add_test(tests, few_units_aligned);
    tcase_add_loop_test(tests, words, 0, 2);
    tcase_add_test(tests, words_resized);
    tcase_add_test(tests, block_at_every_place);
    tcase_add_test(tests, free_run_at_every_place);
    return support_end();
}
