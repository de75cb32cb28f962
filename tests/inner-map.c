/* SPDX-License-Identifier: MIT
 *
 * The map alone: rows of blocks of all sizes, from every position on, whatever the words say where they
 * have nothing to say. */
#include <string.h>

#include "map.h"
#include "support.h"

enum { WORDS = 64, UNITS = (WORDS - 2) * MAP_WORD_BITS };

typedef struct Row {
    MapWord words[WORDS + 2]; /* one to spare at either end */
    MapWord *map;
    Pos starts[UNITS + 1];
    bool is_free[UNITS];
    size_t count;
    Random source;
} Row;

static void clear(Row *row, Pos first)
{
    row->map = &row->words[WORDS];
    row->count = 0;
    row->starts[0] = first;
    memset(row->words, 0, sizeof row->words);
    /* What is in the words of free, where no block starts, must not matter. */
    for (size_t i = 0; i < WORDS + 2; i++) {
        row->words[i].free = random_next(&row->source);
    }
}

static void add(Row *row, Pos size, bool is_free)
{
    Pos start = row->starts[row->count];

    map_set_start(row->map, start);
    if (is_free) {
        map_set_free(row->map, start);
    } else {
        map_set_used(row->map, start);
    }
    map_put_size(row->map, start, size);
    row->is_free[row->count] = is_free;
    row->starts[++row->count] = start + size;
}

static void verify(Row *row)
{
    map_set_start(row->map, row->starts[row->count]); /* what follows counts as a block */
    for (size_t i = 0; i < row->count; i++) {
        Pos start = row->starts[i];

        if (!map_is_start(row->map, start) || map_is_free(row->map, start) != row->is_free[i]) {
            ck_abort_msg("block %zu at %u: not there, or in another state", i, start);
        }
        if (map_size(row->map, start) != row->starts[i + 1] - start) {
            ck_abort_msg("block %zu at %u: of %u units, not %u", i, start,
                         map_size(row->map, start), row->starts[i + 1] - start);
        }
        if (map_previous(row->map, row->starts[i + 1]) != start) {
            ck_abort_msg("block %zu at %u: not found from behind", i, start);
        }
        for (Pos inside = start + 1; inside < row->starts[i + 1]; inside++) {
            if (map_is_start(row->map, inside)) {
                ck_abort_msg("block %zu at %u: another one starts in it", i, start);
            }
        }
    }
}

/* [ before ][ block ][ behind ] */
START_TEST(every_size_at_every_position)
{
    static Row row;

    row.source.state = 1;
    for (Pos first = 64; first < 128; first++) {
        for (Pos size = 1; size < 330; size += support_is_emulated() ? 7 : 1) {
            clear(&row, first);
            add(&row, 1 + (Pos)random_below(&row.source, 200), size % 2 == 0);
            add(&row, size, size % 2 != 0);
            add(&row, 1 + (Pos)random_below(&row.source, 200), size % 2 == 0);
            verify(&row);
        }
    }
}
END_TEST

static Pos any_size(Random *source)
{
    static const Pos edges[] = {1, 2, 63, 64, 65, 127, 128, 129, 191, 192, 193};

    if (random_below(source, 2) == 0) {
        return edges[random_below(source, sizeof edges / sizeof edges[0])];
    }
    return 1 + (Pos)random_scaled(source, 600);
}

START_TEST(rows_of_blocks)
{
    static Row row;

    row.source = support_random("rows_of_blocks", _i);
    for (size_t round = support_operations(3000); round > 0; round--) {
        clear(&row, 64 + (Pos)random_below(&row.source, 64));
        while (row.starts[row.count] < UNITS - 700) {
            add(&row, any_size(&row.source), random_below(&row.source, 2) == 0);
        }
        verify(&row);
    }
}
END_TEST

/* Blocks that come and go: neighbours merge, and blocks are split again. */
START_TEST(merge_and_split)
{
    static Row row;

    row.source = support_random("merge_and_split", _i);
    clear(&row, 64 + (Pos)random_below(&row.source, 64));
    add(&row, 3000, true);
    verify(&row);
    for (size_t round = support_operations(20000); round > 0; round--) {
        size_t which = random_below(&row.source, row.count);
        Pos start = row.starts[which];
        Pos size = row.starts[which + 1] - start;

        if (size > 1 && row.count < 60 && random_below(&row.source, 2) == 0) {
            Pos front = 1 + (Pos)random_below(&row.source, size - 1);

            memmove(&row.starts[which + 2], &row.starts[which + 1],
                    (row.count - which) * sizeof row.starts[0]);
            memmove(&row.is_free[which + 1], &row.is_free[which],
                    (row.count - which) * sizeof row.is_free[0]);
            row.starts[which + 1] = start + front;
            row.count++;
            map_put_size(row.map, start, front);
            map_set_start(row.map, start + front);
            map_put_size(row.map, start + front, size - front);
            if (row.is_free[which]) {
                map_set_free(row.map, start + front);
            } else {
                map_set_used(row.map, start + front);
            }
        } else if (which != 0) {
            map_clear_start(row.map, start);
            map_put_size(row.map, row.starts[which - 1],
                         row.starts[which + 1] - row.starts[which - 1]);
            memmove(&row.starts[which], &row.starts[which + 1],
                    (row.count - which) * sizeof row.starts[0]);
            memmove(&row.is_free[which], &row.is_free[which + 1],
                    (row.count - which - 1) * sizeof row.is_free[0]);
            row.count--;
        }
        verify(&row);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("map");

    tcase_add_test(tests, every_size_at_every_position);
    tcase_add_loop_test(tests, rows_of_blocks, 0, 2);
    tcase_add_loop_test(tests, merge_and_split, 0, 4);
    return support_end();
}
