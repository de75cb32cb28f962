/* SPDX-License-Identifier: MIT
 *
 * The checker: the bookkeeping is damaged on purpose, bit by bit. Any damage that the heap would
 * act on must be found, with a message. Whatever is damaged, the checker itself must terminate, and
 * stay inside the region's memory (which AddressSanitizer watches). */
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "heap/index.h"
#include "sanitized.h"
#include "shaped.h"

#if SANITIZED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

/* A part of the bookkeeping of which every bit matters. */
typedef struct Part {
    const char *name;
    unsigned char *at;
    size_t size;
    uint64_t care; /* the bits that matter, if not all: bit k of byte n is 8 n + k */
} Part;

enum { PARTS_MAX = 20000 };

typedef struct Parts {
    Part list[PARTS_MAX];
    size_t count;
} Parts;

static void add_some(Parts *parts, const char *name, void *at, size_t size, uint64_t care)
{
    ck_assert_uint_lt(parts->count, PARTS_MAX);
    parts->list[parts->count++] = (Part){name, at, size, care};
}

static void add(Parts *parts, const char *name, void *at, size_t size)
{
    add_some(parts, name, at, size, UINT64_MAX);
}

/* Adds the free bit of a unit. */
static void add_state(Parts *parts, const char *name, Heap *heap, Pos unit)
{
    add_some(parts, name, heap_map(heap).free + unit / 8, 1, bits_mask(unit % 8));
}

/* Adds the map: every start, the states at both ends of blocks, and the sizes at both ends of long
 * blocks. Returns how many of these there are. */
static int add_map(Parts *parts, Heap *heap)
{
    Map map = heap_map(heap);
    int count = 0;
    Pos size;

    for (Pos at = heap->first / MAP_WORD_BITS; at <= heap->end / MAP_WORD_BITS; at++) {
        uint64_t care = UINT64_MAX;

        if (at == heap->first / MAP_WORD_BITS) {
            care &= UINT64_MAX << (heap->first % MAP_WORD_BITS);
        }
        if (at == heap->end / MAP_WORD_BITS) {
            care &= (UINT64_C(2) << (heap->end % MAP_WORD_BITS)) - 1;
        }
        add_some(parts, "starts", map_word(map.starts, (size_t)at * MAP_WORD_BITS), MAP_WORD_BYTES,
                 care);
    }
    add_state(parts, "state of what is before the first block", heap, heap->first - 1);
    add_state(parts, "state of the fence", heap, heap->end);
    for (Pos block = heap->first; block != heap->end; block += size) {
        size_t first = block / MAP_WORD_BITS + 1;
        size_t last;

        size = map_size(map, block);
        last = (block + size) / MAP_WORD_BITS - 1;
        add_state(parts, "state of a first unit", heap, block);
        add_state(parts, "state of a last unit", heap, block + size - 1);
        if (size > MAP_WORD_BITS && first <= last) {
            add(parts, "size behind the start", map_word(map.free, first * MAP_WORD_BITS),
                sizeof(Pos));
            add(parts, "size before the end", map_word(map.free, last * MAP_WORD_BITS),
                sizeof(Pos));
            count++;
        }
    }
    return count;
}

/* Adds a node. Outside of a tree only the size matters. */
static void add_node(Parts *parts, TreeNode *node, bool in_tree)
{
    add(parts, "size of a node", &node->size, sizeof node->size);
    if (!in_tree) {
        return;
    }
    add(parts, "parent of a node", &node->parent, sizeof node->parent);
    add(parts, "next of a node", &node->next, sizeof node->next);
    add(parts, "previous of a node", &node->previous, sizeof node->previous);
    if (node->parent != TREE_RING) {
        add(parts, "children of a node", node->child, sizeof node->child);
    }
}

/* Adds a block on a shelf, and the firsts that it keeps for others. */
static void add_shelved(Parts *parts, Index index, const Shelf *shelf, Pos block)
{
    ShelfNode *node = shelf_node(index.tree, block);

    add(parts, "size in a node", &node->size, sizeof node->size);
    add(parts, "next of a shelf", &node->next, sizeof node->next);
    add(parts, "previous of a shelf", &node->previous, sizeof node->previous);
    for (size_t which = 0; shelf->keeper == block && which < SHELF_SIZES; which++) {
        if (bits_test(shelf->sizes, which)) {
            add(parts, "first of a shelf", &node->first[which], sizeof node->first[which]);
        }
    }
}

/* Adds the node of a large free block. Returns whether it is linked. */
static bool add_large(Parts *parts, Index index, Pos block, Pos size)
{
    size_t size_class = index_large_class(index, size);
    bool in_tree;

    if (index_is_shelved(index.heap, size)) {
        add_shelved(parts, index, index_shelf_at(index, size_class), block);
        return true;
    }
    in_tree = bin_has_tree(index_bin_at(index, size_class));
    add_node(parts, tree_node(index.tree, block), in_tree);
    return in_tree;
}

/* Adds the links of free blocks, the nodes of large ones, and the heads. Returns how many nodes are
 * in trees. */
static int add_index(Parts *parts, Heap *heap)
{
    Index index = index_of(heap);
    int count = 0;
    Pos size;

    add(parts, "summary", &heap->summary, sizeof heap->summary);
    add(parts, "words", heap->words, classes_words(heap->heads) * sizeof heap->words[0]);
    for (Pos list = 0; list < heap->classes; list++) {
        add(parts, "head of a list", heap_link(heap, list, heap->shift), sizeof(Link));
    }
    for (Pos bin = heap->classes; bin < heap->heads; bin++) {
        add(parts, "head of a shelf or bin", index_bin_at(index, bin), sizeof(Bin));
    }
    for (Pos block = heap->first; block != heap->end; block += size) {
        size = map_size(heap_map(heap), block);
        if (!map_is_free(heap_map(heap), block)) {
            continue;
        }
        if (size < heap->classes) {
            add(parts, "links of a free block", heap_address(heap, block), sizeof(Link));
        } else {
            count += add_large(parts, index, block, size);
        }
    }
    return count;
}

static void add_totals(Parts *parts, Heap *heap)
{
    add(parts, "peak", &heap->peak, sizeof heap->peak);
    add(parts, "headroom", &heap->headroom, sizeof heap->headroom);
    add(parts, "taken", &heap->taken, sizeof heap->taken);
    add(parts, "given", &heap->given, sizeof heap->given);
    add(parts, "blocks", &heap->blocks, sizeof heap->blocks);
    add(parts, "fence", heap_address(heap, heap->end), FENCE_BYTES);
}

/* Flips one bit after another; each flip must be found. */
static void flip_all(const Bed *bed, const Parts *parts)
{
    Heap *heap = &shaped_region(bed)->heap;
    char message[200];

    checked_sound(bed);
    for (size_t i = 0; i < parts->count; i++) {
        const Part *part = &parts->list[i];

        for (size_t bit = 0; bit < 8 * part->size; bit++) {
            unsigned char mask = (unsigned char)(1U << bit % 8);
            bool sound;

            if (!bits_test(part->care, bit)) {
                continue;
            }
            part->at[bit / 8] ^= mask;
            sound = heap_check(heap, message, sizeof message);
            part->at[bit / 8] ^= mask;
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

/* Returns the units of a block: few, about as many as the smallest large block has, or several
 * times that. */
static size_t any_units(Pos classes, Random *source)
{
    static const size_t units[] = {1, 2, 2, 3, 10, 63, 64, 65, 70, 70, 90, 100, 130, 200, 300};
    size_t size = units[random_below(source, sizeof units / sizeof units[0])];

    return size <= 10 ? size : size <= 70 ? size - 64 + classes : size * classes / 64;
}

/* Builds blocks in use and free ones of many sizes: lists and rings of several, and a trie with
 * branches. */
static Bed build(Pos classes, Pos gap, uint64_t seed, size_t blocks_max)
{
    Shape shape = {.shift = 3 + (unsigned)(seed % 3), .classes = classes, .gap = gap};
    Random source = {seed};
    void *blocks[400];
    size_t count = 0;
    Bed bed;

    shape.units = 6000 * (classes / 64);
    shape.alignment = (size_t)1 << shape.shift;
    bed = shaped_open(&shape);
    while (count < blocks_max) {
        blocks[count] = checked_alloc(&bed, any_units(classes, &source) << shape.shift);
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

/* Heaps with nodes in slots, and some with nodes in the map. */
static const Pos classes_of[] = {64, 64, 64, 64, SLOTS_BELOW, 128, CLASSES_MAX, SLOTS_BELOW / 2};

enum { VARIANTS = sizeof classes_of / sizeof classes_of[0] };

/* Verifies that the check of a heap fails with this message. */
static void check_finds(Heap *heap, const char *fault)
{
    char message[200];

    ck_assert(!heap_check(heap, message, sizeof message));
    ck_assert_ptr_nonnull(strstr(message, fault));
}

START_TEST(every_flipped_bit_is_found)
{
    size_t blocks = _i == 0 ? 0 : _i == 1 ? 10 : _i == 4 || _i == 5 ? 90 : 60;
    Bed bed = build(classes_of[_i], 100 + (Pos)_i * 7, (uint64_t)_i, blocks);
    Heap *heap = &shaped_region(&bed)->heap;
    Parts *parts = calloc(1, sizeof *parts);
    int nodes;

    ck_assert_ptr_nonnull(parts);
    ck_assert_int_gt(add_map(parts, heap), 0);
    nodes = add_index(parts, heap);
    ck_assert(blocks < 60 || nodes > 3);
    add_totals(parts, heap);
    flip_all(&bed, parts);
    free(parts);
    bed_close(&bed);
}
END_TEST

/* Makes AddressSanitizer watch the surroundings of a region's memory, or stop. */
static void watch(const Bed *bed, bool on)
{
    char *begin = bed_memory(bed);
    char *end = begin + bed->memory_size;
    size_t margin = (size_t)(begin - bed->memory);

    ck_assert_uint_eq(bed->memory_size % 8, 0); /* for an exact end */
    if (on) {
        ASAN_POISON_MEMORY_REGION(bed->memory, margin);
        ASAN_POISON_MEMORY_REGION(end, margin);
    } else {
        ASAN_UNPOISON_MEMORY_REGION(bed->memory, margin);
        ASAN_UNPOISON_MEMORY_REGION(end, margin);
    }
}

/* Whatever the bookkeeping holds, the checker terminates, and reads nothing outside of the memory.
 * The shape of the heap is trusted. */
START_TEST(any_garbage_is_survived)
{
    Random source = support_random("any_garbage_is_survived", _i);
    size_t found = 0;
    size_t rounds = support_operations(5000);
    Bed bed = build(classes_of[_i], 64, (uint64_t)_i + 10, 60);
    Heap *heap = &shaped_region(&bed)->heap;
    char *image = malloc(bed.memory_size);
    char *begin = bed_memory(&bed);
    char *shape_begin = (char *)shaped_region(&bed);
    char *shape_end = (char *)&heap->peak;

    ck_assert_ptr_nonnull(image);
    bed_save(&bed, image);
    watch(&bed, true);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t changes = 1 + random_scaled(&source, 20); changes > 0; changes--) {
            char *at = begin + 4 * random_below(&source, (size_t)(bed.first - begin) / 4);
            uint32_t value = (uint32_t)random_next(&source);

            if (random_below(&source, 2) == 0) { /* a plausible position */
                value %= heap->end + 200;
            }
            if (random_below(&source, 4) == 0) { /* blocks, not bookkeeping */
                at = bed.first + random_below(&source, bed.capacity / 8) * 8;
            }
            if (at < shape_begin || at >= shape_end) {
                memcpy(at, &value, sizeof value);
            }
        }
        found += !heap_check(heap, NULL, 0);
        bed_restore(&bed, image);
    }
    watch(&bed, false);
    checked_sound(&bed);
    ck_assert_uint_gt(found, rounds / 10);
    free(image);
    bed_close(&bed);
}
END_TEST

START_TEST(peak_below_use_is_found)
{
    Bed bed = build(64, 64, 1, 10);
    Heap *heap = &shaped_region(&bed)->heap;
    size_t in_use = heap_in_use(heap);

    ck_assert_uint_gt(in_use, 0);
    heap->peak = (Pos)in_use - 1;
    heap->headroom = heap->peak - in_use;
    ck_assert_uint_eq(heap_in_use(heap), in_use);
    check_finds(heap, "peak");
    heap->peak = (Pos)in_use;
    heap->headroom = 0;
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* Two free blocks side by side: no operation leaves them, but a bug could. */
START_TEST(free_neighbours_are_found)
{
    Bed bed = build(64, 64, 0, 0);
    Heap *heap = &shaped_region(&bed)->heap;

    checked_alloc(&bed, 8);
    checked_alloc(&bed, 8);
    map_set_free(heap_map(heap), heap->first, 1);
    map_set_free(heap_map(heap), heap->first + 1, 1);
    check_finds(heap, "free, and so is");
    map_set_used(heap_map(heap), heap->first, 1);
    map_set_used(heap_map(heap), heap->first + 1, 1);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* The last block seems to extend behind the fence, in its word of the map and in the next. */
START_TEST(an_end_behind_the_fence_is_found)
{
    for (Pos gap = 64; gap < 64 + MAP_WORD_BITS; gap++) {
        Bed bed = build(64, gap, 0, 0);
        Heap *heap = &shaped_region(&bed)->heap;
        Map map = heap_map(heap);

        map_clear_start(map, heap->end);
        map_set_start(map, heap->end + 1);
        check_finds(heap, "does not end at the fence");
        map_clear_start(map, heap->end + 1);
        map_set_start(map, heap->end);
        checked_sound(&bed);
        bed_close(&bed);
    }
}
END_TEST

/* A bin is marked as having a tree, and has none. */
START_TEST(a_tree_of_nothing_is_found)
{
    Bed bed = build(64, 64, 0, 0);
    Heap *heap = &shaped_region(&bed)->heap;
    Bin *bin = index_bin_at(index_of(heap), heap->classes);

    ck_assert_uint_eq(bin->first, TREE_NONE);
    bin->second = BIN_TREE;
    check_finds(heap, "class");
    bin->second = TREE_NONE;
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

/* A shelf names a size without blocks. The place of its first block has a block in use, whose node
 * leads back to it. */
START_TEST(a_shelf_that_goes_round_is_found)
{
    Bed bed = build(SLOTS_BELOW, 64, 4, 90);
    Heap *heap = &shaped_region(&bed)->heap;
    Index index = index_of(heap);
    Shelf *shelf = NULL;
    ShelfNode *keeper;
    Pos used = 0;
    size_t which = 0;
    Pos size;

    for (Pos block = heap->first; block != heap->end; block += size) {
        size = map_size(heap_map(heap), block);
        if (!index_is_large(heap, size)) {
            continue;
        }
        if (!map_is_free(heap_map(heap), block)) {
            used = block;
        } else if (index_is_shelved(heap, size)) {
            shelf = index_shelf_at(index, index_shelf(index, size));
        }
    }
    ck_assert_uint_ne(used, 0);
    ck_assert_ptr_nonnull(shelf);
    while (bits_test(shelf->sizes, which)) {
        which++;
    }
    ck_assert_uint_lt(which, SHELF_SIZES);
    keeper = shelf_node(index.tree, shelf->keeper);
    keeper->first[which] = used;
    shelf_node(index.tree, used)->next = used;
    checked_sound(&bed);
    shelf->sizes |= (Pos)bits_mask(which);
    check_finds(heap, "large free blocks");
    shelf->sizes &= ~(Pos)bits_mask(which);
    checked_sound(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("check-inner");

    tcase_add_loop_test(tests, every_flipped_bit_is_found, 0, VARIANTS);
    tcase_add_loop_test(tests, any_garbage_is_survived, 0, VARIANTS);
    tcase_add_test(tests, peak_below_use_is_found);
    tcase_add_test(tests, free_neighbours_are_found);
    tcase_add_test(tests, an_end_behind_the_fence_is_found);
    tcase_add_test(tests, a_tree_of_nothing_is_found);
    tcase_add_test(tests, a_shelf_that_goes_round_is_found);
    return support_end();
}
