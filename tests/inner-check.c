/* SPDX-License-Identifier: MIT
 *
 * What the checker finds: bookkeeping that is damaged on purpose, bit by bit. All of it that a heap
 * goes by must be found, with a message; whatever is damaged, the checker itself must come to an end and
 * stay inside of the region's memory (which AddressSanitizer watches). */
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "shaped.h"

/* Bytes of the bookkeeping whose every bit counts. */
typedef struct Part {
    const char *name;
    void *at;
    size_t size;
    uint64_t care; /* the bits of each of its words, where that is less */
} Part;

enum { PARTS_MAX = 2000 };

typedef struct Parts {
    Part list[PARTS_MAX];
    size_t count;
} Parts;

static void add(Parts *parts, const char *name, void *at, size_t size)
{
    ck_assert_uint_lt(parts->count, PARTS_MAX);
    parts->list[parts->count++] = (Part){name, at, size, UINT64_MAX};
}

/* A word of 64 bits of which only some count. */
static void add_word(Parts *parts, const char *name, uint64_t *word, uint64_t care)
{
    ck_assert_uint_lt(parts->count, PARTS_MAX);
    parts->list[parts->count++] = (Part){name, word, sizeof *word, care};
}

/* The words of the map: every start; the states of blocks; and the sizes at both ends of long ones. */
static void add_map(Parts *parts, Heap *heap)
{
    MapWord *map = heap_map(heap);

    for (Pos at = heap->first / MAP_WORD_BITS; at <= heap->end / MAP_WORD_BITS; at++) {
        MapWord *word = map_word(map, (size_t)at * MAP_WORD_BITS);
        uint64_t care = UINT64_MAX;
        uint64_t states = word->starts;

        if (at == heap->first / MAP_WORD_BITS) {
            care &= UINT64_MAX << (heap->first % MAP_WORD_BITS);
        }
        if (at == heap->end / MAP_WORD_BITS) {
            care &= (UINT64_C(2) << (heap->end % MAP_WORD_BITS)) - 1;
            states &= ~(UINT64_C(1) << (heap->end % MAP_WORD_BITS));
        }
        add_word(parts, "starts", &word->starts, care);
        add_word(parts, "states", &word->free, states);
    }
}

static int add_sizes(Parts *parts, Heap *heap)
{
    Pos size;
    int count = 0;

    for (Pos block = heap->first; block != heap->end; block += size) {
        MapWord *first = map_after(map_word(heap_map(heap), block));
        MapWord *last;

        size = map_size(heap_map(heap), block);
        last = map_before(map_word(heap_map(heap), (size_t)block + size));
        if (size > MAP_WORD_BITS && first >= last) {
            add_word(parts, "size behind the start", &first->free, UINT32_MAX);
            if (block + size != heap->end) {
                add_word(parts, "size before the end", &last->free, UINT32_MAX);
            }
            count++;
        }
    }
    return count;
}

/* The links of free blocks, the nodes of the tree, and what leads to them. */
static void add_index(Parts *parts, Heap *heap)
{
    char *tree = (char *)&heap->tree;
    Pos size;

    add(parts, "bins", &heap->tree.bins, sizeof heap->tree.bins);
    add(parts, "summary", &heap->summary, sizeof heap->summary);
    add(parts, "words", heap->words, heap->classes / 8);
    for (Pos list = 0; list < heap->classes; list++) {
        add(parts, "head of a list", heap_link(heap, list, heap->shift), sizeof(Link));
    }
    for (unsigned bin = 0; bin < heap->tree.bin_count; bin++) {
        if (heap->tree.bins >> bin & 1) {
            add(parts, "root", (Slot *)(void *)(tree + heap->tree.roots) + bin, sizeof(Slot));
        }
    }
    for (Pos block = heap->first; block != heap->end; block += size) {
        size = map_size(heap_map(heap), block);
        if (!map_is_free(heap_map(heap), block)) {
            continue;
        }
        if (size < heap->classes) {
            add(parts, "links of a free block", heap_address(heap, block), sizeof(Link));
        } else {
            Slot slot = (block - heap->tree.origin) >> heap->tree.slot_shift;
            TreeNode *node = (TreeNode *)(void *)(tree + heap->tree.nodes) + slot;

            add(parts, "start of a node", &node->start, sizeof node->start);
            add(parts, "size of a node", &node->size, sizeof node->size);
            add(parts, "parent of a node", &node->parent, sizeof node->parent);
            add(parts, "ring of a node", &node->next, 2 * sizeof node->next);
            if (node->parent != SLOT_RING) {
                add(parts, "children of a node", node->child, sizeof node->child);
            }
        }
    }
}

static void add_totals(Parts *parts, Heap *heap)
{
    add(parts, "in_use", &heap->in_use, sizeof heap->in_use);
    add(parts, "taken", &heap->taken, sizeof heap->taken);
    add(parts, "given", &heap->given, sizeof heap->given);
    add(parts, "free_blocks", &heap->free_blocks, sizeof heap->free_blocks);
    add(parts, "fence", heap_address(heap, heap->end), FENCE_BYTES);
}

/* Flips one bit after the other; each must be found. */
static void flip_all(const Bed *bed, const Parts *parts)
{
    Heap *heap = &shaped_region(bed)->heap;
    char message[200];

    checked_sound(bed);
    for (size_t i = 0; i < parts->count; i++) {
        const Part *part = &parts->list[i];
        unsigned char *bytes = part->at;

        for (size_t bit = 0; bit < 8 * part->size; bit++) {
            uint64_t mask = UINT64_C(1) << (bit % 64);
            bool sound;

            if (part->care != UINT64_MAX) { /* a word, whose bits are counted as in a number */
                if ((part->care & mask) == 0) {
                    continue;
                }
                *(uint64_t *)part->at ^= mask;
            } else {
                bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
            }
            sound = heap_check(heap, message, sizeof message);
            if (part->care != UINT64_MAX) {
                *(uint64_t *)part->at ^= mask;
            } else {
                bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
            }
            if (sound) {
                ck_abort_msg("bit %zu of %s (part %zu) was flipped, and nothing was found", bit,
                             part->name, i);
            }
            if (message[0] == '\0' || strchr(message, '\n') != NULL) {
                ck_abort_msg("bit %zu of %s: a fault without a message", bit, part->name);
            }
        }
    }
    checked_sound(bed);
}

/* Blocks in use and free ones of many sizes: lists and rings of several, and a trie with branches. */
static Bed build(Pos gap, uint64_t seed, size_t blocks_max)
{
    Shape shape = {.shift = 3 + (unsigned)(seed % 3), .classes = 64, .gap = gap, .units = 6000};
    Random source = {seed};
    void *blocks[400];
    size_t count = 0;
    Bed bed;

    shape.alignment = (size_t)1 << shape.shift;
    bed = shaped_open(&shape);
    while (count < blocks_max) {
        static const size_t units[] = {1, 2, 2, 3, 10, 63, 64, 65, 70, 70, 90, 100, 130, 200, 300};
        size_t size = units[random_below(&source, sizeof units / sizeof units[0])] << shape.shift;

        blocks[count] = checked_alloc(&bed, size);
        if (blocks[count] == NULL) {
            break;
        }
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (random_below(&source, 2) == 0) {
            checked_free(&bed, blocks[i]);
        }
    }
    return bed;
}

START_TEST(every_flipped_bit_is_found)
{
    Bed bed = build(100 + (Pos)_i * 7, (uint64_t)_i, _i == 0 ? 0 : _i == 1 ? 10 : 60);
    Heap *heap = &shaped_region(&bed)->heap;
    Parts *parts = calloc(1, sizeof *parts);

    ck_assert_ptr_nonnull(parts);
    add_map(parts, heap);
    ck_assert_int_gt(add_sizes(parts, heap), 0);
    add_index(parts, heap);
    add_totals(parts, heap);
    flip_all(&bed, parts);
    free(parts);
    bed_close(&bed);
}
END_TEST

/* Whatever is in the bookkeeping, the checker ends, and reads nothing outside of the memory. What tells
 * the shape of a heap is trusted. */
START_TEST(any_garbage_is_survived)
{
    Random source = support_random("any_garbage_is_survived", _i);
    size_t found = 0;
    size_t rounds = support_operations(20000);
    Bed bed = build(64, (uint64_t)_i + 10, 60);
    Heap *heap = &shaped_region(&bed)->heap;
    char *image = malloc(bed.memory_size);
    char *begin = bed_memory(&bed);
    char *shape_begin = (char *)shaped_region(&bed);
    char *shape_end = (char *)&heap->summary;

    ck_assert_ptr_nonnull(image);
    bed_save(&bed, image);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t changes = 1 + random_scaled(&source, 20); changes > 0; changes--) {
            char *at = begin + 4 * random_below(&source, (size_t)(bed.first - begin) / 4);
            uint32_t value = (uint32_t)random_next(&source);

            if (random_below(&source, 2) == 0) { /* a position or slot that could be */
                value %= 7000;
            }
            if (random_below(&source, 4) == 0) { /* not the bookkeeping, but blocks */
                at = bed.first + random_below(&source, bed.capacity / 8) * 8;
            }
            if (at < shape_begin || at >= shape_end) {
                memcpy(at, &value, sizeof value);
            }
        }
        found += !heap_check(heap, NULL, 0);
        bed_restore(&bed, image);
    }
    checked_sound(&bed);
    ck_assert_uint_gt(found, rounds / 10);
    free(image);
    bed_close(&bed);
}
END_TEST

START_TEST(peak_below_use_is_found)
{
    Bed bed = build(64, 1, 10);
    Heap *heap = &shaped_region(&bed)->heap;
    char message[200];

    ck_assert_uint_gt(heap->in_use, 0);
    heap->peak = heap->in_use - 1;
    ck_assert(!heap_check(heap, message, sizeof message));
    ck_assert_ptr_nonnull(strstr(message, "peak"));
    heap->peak = heap->in_use;
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* Two free blocks side by side: nothing does that, but a bug could. */
START_TEST(free_neighbours_are_found)
{
    Bed bed = build(64, 0, 0);
    Heap *heap = &shaped_region(&bed)->heap;
    char message[200];

    checked_alloc(&bed, 8);
    checked_alloc(&bed, 8);
    map_set_free(heap_map(heap), heap->first);
    map_set_free(heap_map(heap), heap->first + 1);
    ck_assert(!heap_check(heap, message, sizeof message));
    ck_assert_ptr_nonnull(strstr(message, "free, and so is"));
    map_set_used(heap_map(heap), heap->first);
    map_set_used(heap_map(heap), heap->first + 1);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("check-inner");

    tcase_add_loop_test(tests, every_flipped_bit_is_found, 0, 8);
    tcase_add_loop_test(tests, any_garbage_is_survived, 0, 4);
    tcase_add_test(tests, peak_below_use_is_found);
    tcase_add_test(tests, free_neighbours_are_found);
    return support_end();
}
