/* SPDX-License-Identifier: MIT
 *
 * The map in isolation: rows of blocks of all sizes, at every position, with random values wherever
 * the strings are undefined. */
#include <string.h>

#include "heap/map.h"
#include "support.h"

enum { WORDS = 64, UNITS = (WORDS - 2) * MAP_WORD_BITS, BYTES = (WORDS + 2) * MAP_WORD_BYTES };

typedef struct Row {
    uint64_t starts_words[WORDS + 2]; /* two spare words at the end */
    uint64_t free_words[WORDS + 2];
    Map map;
    Pos starts[UNITS + 1];
    bool is_free[UNITS];
    size_t count;
    Random source;
} Row;

static void clear(Row *row, Pos first)
{
    row->map = (Map){(unsigned char *)row->starts_words, (unsigned char *)row->free_words};
    row->count = 0;
    row->starts[0] = first;
    memset(row->starts_words, 0, sizeof row->starts_words);
    /* The free bits where no block starts or ends must not matter. */
    for (size_t i = 0; i < WORDS + 2; i++) {
        row->free_words[i] = random_next(&row->source);
    }
}

static void set_state(Row *row, size_t which)
{
    Pos start = row->starts[which];

    if (row->is_free[which]) {
        map_set_free(row->map, start, row->starts[which + 1] - start);
    } else {
        map_set_used(row->map, start, row->starts[which + 1] - start);
    }
}

static void add(Row *row, Pos size, bool is_free)
{
    Pos start = row->starts[row->count];

    row->is_free[row->count] = is_free;
    row->starts[row->count + 1] = start + size;
    map_set_start(row->map, start);
    set_state(row, row->count);
    map_put_size(row->map, start, size);
    row->count++;
}

/* Overwrites everything that is not the map's: bits inside blocks, but not the sizes noted in the
 * first and last word that lie wholly inside one. */
static void scribble(Row *row)
{
    unsigned char kept[BYTES] = {0};

    for (size_t i = 0; i < row->count; i++) {
        Pos start = row->starts[i];
        Pos last = row->starts[i + 1] - 1;
        Pos word = start / MAP_WORD_BITS + 1;
        Pos end = (last + 1) / MAP_WORD_BITS;

        kept[start / 8] |= (unsigned char)(1U << start % 8);
        kept[last / 8] |= (unsigned char)(1U << last % 8);
        if (word < end) {
            memset(&kept[word * MAP_WORD_BYTES], 0xff, sizeof(Pos));
            memset(&kept[(end - 1) * MAP_WORD_BYTES], 0xff, sizeof(Pos));
        }
    }
    for (size_t i = 0; i < BYTES; i++) {
        unsigned anything = (unsigned)random_next(&row->source) & ~(unsigned)kept[i];

        row->map.free[i] = (unsigned char)((row->map.free[i] & kept[i]) | anything);
    }
}

static void verify(Row *row)
{
    map_set_start(row->map, row->starts[row->count]); /* the end counts as a block */
    scribble(row);
    for (size_t i = 0; i < row->count; i++) {
        Pos start = row->starts[i];
        Pos last = row->starts[i + 1] - 1;

        if (!map_is_start(row->map, start) || map_is_free(row->map, start) != row->is_free[i]) {
            ck_abort_msg("block %zu at %u: not there, or in another state", i, start);
        }
        if (map_is_free(row->map, last) != row->is_free[i]) {
            ck_abort_msg("block %zu at %u: its last unit is in another state", i, start);
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

static void split(Row *row, size_t which, Pos front)
{
    Pos start = row->starts[which];
    Pos size = row->starts[which + 1] - start;

    memmove(&row->starts[which + 2], &row->starts[which + 1],
            (row->count - which) * sizeof row->starts[0]);
    memmove(&row->is_free[which + 1], &row->is_free[which],
            (row->count - which) * sizeof row->is_free[0]);
    row->starts[which + 1] = start + front;
    row->count++;
    map_set_start(row->map, start + front);
    set_state(row, which);
    set_state(row, which + 1);
    map_put_size(row->map, start, front);
    map_put_size(row->map, start + front, size - front);
}

/* Merges a block with the one before it, and takes that one's state. */
static void merge(Row *row, size_t which)
{
    Pos before = row->starts[which - 1];

    map_clear_start(row->map, row->starts[which]);
    memmove(&row->starts[which], &row->starts[which + 1],
            (row->count - which) * sizeof row->starts[0]);
    memmove(&row->is_free[which], &row->is_free[which + 1],
            (row->count - which - 1) * sizeof row->is_free[0]);
    row->count--;
    set_state(row, which - 1);
    map_put_size(row->map, before, row->starts[which] - before);
}

/* Blocks come and go: neighbours merge, blocks are split again, and are taken and given. */
START_TEST(merge_and_split)
{
    static Row row;

    row.source = support_random("merge_and_split", _i);
    clear(&row, 64 + (Pos)random_below(&row.source, 64));
    add(&row, 3000, true);
    verify(&row);
    for (size_t round = support_operations(20000); round > 0; round--) {
        size_t which = random_below(&row.source, row.count);
        Pos size = row.starts[which + 1] - row.starts[which];

        if (random_below(&row.source, 4) == 0) {
            row.is_free[which] = !row.is_free[which];
            set_state(&row, which);
        } else if (size > 1 && row.count < 60 && random_below(&row.source, 2) == 0) {
            split(&row, which, 1 + (Pos)random_below(&row.source, size - 1));
        } else if (which != 0) {
            merge(&row, which);
        }
        verify(&row);
    }
}
END_TEST

static bool bit_of(const unsigned char *string, size_t position)
{
    return string[position / 8] >> position % 8 & 1;
}

/* Bit k of byte n stands for position 8 n + k on any machine; a window may begin at any of them. */
START_TEST(bits_and_windows)
{
    enum { VALID = 57, ENOUGH = 1000 };
    static Row row;

    row.source.state = 2;
    clear(&row, 64);
    for (size_t i = 0; i < WORDS + 2; i++) {
        row.starts_words[i] = random_next(&row.source) & random_next(&row.source);
    }
    for (size_t at = 0; at < ENOUGH; at++) {
        uint64_t window = map_window(row.map.starts, at);

        ck_assert_int_eq(map_is_start(row.map, at), bit_of(row.map.starts, at));
        ck_assert_int_eq(map_is_free(row.map, at), bit_of(row.map.free, at));
        for (size_t bit = 0; bit < VALID; bit++) {
            if ((window >> bit & 1) != bit_of(row.map.starts, at + bit)) {
                ck_abort_msg("bit %zu of the window at %zu is wrong", bit, at);
            }
        }
    }
    for (size_t at = 0; at < ENOUGH; at++) {
        unsigned char before[BYTES];
        uint64_t mask = random_next(&row.source) >> 8;

        memcpy(before, row.map.starts, BYTES);
        map_set_start(row.map, at);
        before[at / 8] |= (unsigned char)(1U << at % 8);
        ck_assert_mem_eq(row.map.starts, before, BYTES);
        map_clear_start(row.map, at);
        before[at / 8] &= (unsigned char)~(1U << at % 8);
        ck_assert_mem_eq(row.map.starts, before, BYTES);
        map_or(row.map.starts + at / 8, mask);
        for (size_t byte = 0; byte < MAP_WORD_BYTES; byte++) {
            before[at / 8 + byte] |= (unsigned char)(mask >> 8 * byte);
        }
        ck_assert_mem_eq(row.map.starts, before, BYTES);
    }
}
END_TEST

/* The size of a block is noted only inside the block. */
START_TEST(sizes_are_noted_inside)
{
    static Row row;

    row.source.state = 3;
    for (Pos start = 64; start < 128; start++) {
        for (Pos size = 1; size < 330; size++) {
            unsigned char before[BYTES];

            clear(&row, start);
            memcpy(before, row.map.free, BYTES);
            map_put_size(row.map, start, size);
            for (Pos at = 0; at < WORDS * MAP_WORD_BITS; at++) {
                bool changed = bit_of(row.map.free, at) != bit_of(before, at);

                if (changed && (at <= start || at >= start + size - 1)) {
                    ck_abort_msg("%u units at %u: bit %u was changed", size, start, at);
                }
            }
            if (size >= 2 * MAP_WORD_BITS) {
                Pos last = (start + size) / MAP_WORD_BITS * MAP_WORD_BITS - 1;

                ck_assert_uint_eq(map_noted_size(row.map, start + MAP_WORD_BITS), size);
                ck_assert_uint_eq(map_noted_size(row.map, last), size);
            }
        }
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("map");

    tcase_add_test(tests, every_size_at_every_position);
    tcase_add_loop_test(tests, rows_of_blocks, 0, 2);
    tcase_add_loop_test(tests, merge_and_split, 0, 4);
    tcase_add_test(tests, bits_and_windows);
    tcase_add_test(tests, sizes_are_noted_inside);
    return support_end();
}
