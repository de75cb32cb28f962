/* SPDX-License-Identifier: MIT
 *
 * Overwritten links of free blocks, exhaustively for a small heap: each word of each link takes
 * each possible position, and each byte many values. Where the position is in memory of the
 * program, or of another free block, that place points back or does not. Whatever was written: no
 * new block overlaps another one, no block in use changes, the program is told, and all is sound
 * afterwards. */
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { MEMORY = 3 << 10, PIECES = 12, WALL = 3, UNITS_MAX = MEMORY / UNIT };

/* The operations after the write. */
typedef enum Way { WAY_ALLOC, WAY_ALIGNED, WAY_FREE, WAY_RESIZE, WAY_COUNT } Way;

typedef struct Links {
    uint32_t next, previous;
} Links;

/* A region with free blocks of a few sizes between blocks in use. */
typedef struct Scene {
    _Alignas(64) char memory[MEMORY];
    char copy[MEMORY]; /* the memory before any write */
    Mem_Region *region;
    char *free[PIECES];
    char *walls[PIECES];
    uint32_t end; /* all positions are below this */
} Scene;

static size_t told, told_in_all;

/* Does what ck_assert does, which would take longer than everything else. */
static void must(bool holds, const char *what)
{
    if (!holds) {
        ck_abort_msg("%s", what);
    }
}

static void count(const Mem_Misuse *misuse, void *context)
{
    (void)context;
    must(misuse->kind == MEM_MISUSE_OVERWRITTEN, "told of another misuse");
    told++;
}

static uint32_t number_of(const Scene *scene, const void *at)
{
    return (uint32_t)(((uintptr_t)at - (uintptr_t)scene->region) / UNIT);
}

static Scene *open_scene(void)
{
    static const size_t units[PIECES] = {2, 3, 2, 5, 3, 2, 1, 2, 40, 2, 1, 3};
    static const size_t order[PIECES] = {4, 0, 9, 3, 1, 7, 10, 2, 8, 5, 11, 6};
    Scene *scene = aligned_alloc(64, sizeof *scene);

    ck_assert_ptr_nonnull(scene);
    memset(scene, 0, sizeof *scene);
    scene->region = Mem_RegionCreateAt(scene->memory, MEMORY, NULL);
    ck_assert_ptr_nonnull(scene->region);
    for (int i = 0; i < PIECES; i++) {
        scene->free[i] = Mem_RegionAlloc(scene->region, units[i] * UNIT);
        scene->walls[i] = Mem_RegionAlloc(scene->region, (size_t)WALL * UNIT);
        ck_assert_ptr_nonnull(scene->walls[i]);
    }
    for (int i = 0; i < PIECES; i++) {
        ck_assert_int_eq(Mem_RegionFree(scene->region, scene->free[order[i]]), 0);
    }
    ck_assert_int_eq(Mem_RegionCheck(scene->region), 0);
    memcpy(scene->copy, scene->memory, MEMORY);
    scene->end = number_of(scene, scene->memory + MEMORY);
    Mem_OnMisuse(count, NULL);
    return scene;
}

static void close_scene(Scene *scene)
{
    Mem_OnMisuse(NULL, NULL);
    memcpy(scene->memory, scene->copy, MEMORY);
    ck_assert_int_eq(Mem_RegionDestroy(scene->region), 0);
    free(scene);
}

/* Marks a block as used in a map of units; fails if some of it is already. */
static void claim(const Scene *scene, char *used, const char *block, size_t size)
{
    size_t at = (size_t)(block - scene->memory) / UNIT;

    must(block >= scene->memory && block + size <= scene->memory + MEMORY, "it lies elsewhere");
    for (size_t i = 0; i < size / UNIT; i++) {
        if (used[at + i]) {
            ck_abort_msg("%p, of %zu bytes, overlaps a block in use", (const void *)block, size);
        }
        used[at + i] = 1;
    }
}

/* Takes all free memory, in blocks of some sizes. */
static void take_all(Scene *scene, Way way)
{
    static const size_t sizes[] = {5, 3, 2, 40, 1};
    char used[UNITS_MAX] = {0};

    for (int i = 0; i < PIECES; i++) {
        claim(scene, used, scene->walls[i], (size_t)WALL * UNIT);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i] * UNIT;
        char *block;

        while ((block = way == WAY_ALIGNED
                            ? Mem_RegionAlignedAlloc(scene->region, (size_t)2 * UNIT, size)
                            : Mem_RegionAlloc(scene->region, size)) != NULL) {
            claim(scene, used, block, size);
            memset(block, 'x', size);
        }
    }
}

/* Frees or resizes the blocks in use; each lies between free ones. */
static void move_all(Scene *scene, Way way)
{
    for (int i = 0; i < PIECES; i++) {
        if (way == WAY_FREE) {
            must(Mem_RegionFree(scene->region, scene->walls[i]) == 0, "a block can't be freed");
        } else {
            char *moved = Mem_RegionRealloc(scene->region, scene->walls[i], (size_t)(i + 1) * UNIT);

            must(moved != NULL, "a block can't be resized");
            scene->walls[i] = moved;
        }
    }
}

/* Keeps the contents of the walls, which must not change while in use. */
static void keep_walls(const Scene *scene, char kept[PIECES][WALL * UNIT])
{
    for (int i = 0; i < PIECES; i++) {
        memcpy(kept[i], scene->walls[i], (size_t)WALL * UNIT);
    }
}

static void verify_walls(const Scene *scene, char kept[PIECES][WALL * UNIT], Way way)
{
    for (int i = 0; way != WAY_FREE && i < PIECES; i++) {
        size_t left = way == WAY_RESIZE && i + 1 < WALL ? (size_t)i + 1 : (size_t)WALL;

        must(memcmp(kept[i], scene->walls[i], left * UNIT) == 0, "a block in use was written to");
    }
}

/* Writes links to a free block, and perhaps links that point back at their targets; then does the
 * operations. */
static void forge(Scene *scene, char *victim, Links links, bool back, Way way)
{
    char kept[PIECES][WALL * UNIT];
    char *walls[PIECES];
    uint32_t mine = number_of(scene, victim);
    uint32_t first = number_of(scene, scene->free[0]);
    bool changed;

    memcpy(scene->memory, scene->copy, MEMORY);
    memcpy(walls, scene->walls, sizeof walls);
    changed = memcmp(victim, &links, sizeof links) != 0;
    memcpy(victim, &links, sizeof links);
    for (int i = 0; back && i < 2; i++) {
        uint32_t target = i == 0 ? links.next : links.previous;

        if (target >= first && target + 4 < scene->end && target != mine) {
            memcpy(scene->memory + ((size_t)(target - first)) * UNIT +
                       (scene->free[0] - scene->memory),
                   &(Links){mine, mine}, sizeof links);
        }
    }
    keep_walls(scene, kept);
    told = 0;
    if (way == WAY_ALLOC || way == WAY_ALIGNED) {
        take_all(scene, way);
    } else {
        move_all(scene, way);
    }
    verify_walls(scene, kept, way);
    told_in_all += told;
    /* These operations meet or overwrite what was written. But consistent links of several blocks
     * may just leave a block out. */
    if (told != 0 || !(changed || back) || (!back && (way == WAY_ALLOC || way == WAY_FREE))) {
        must(Mem_RegionCheck(scene->region) == 0, "the heap is not sound");
    }
    memcpy(scene->walls, walls, sizeof walls);
}

static void forge_words(Scene *scene, char *victim, Way way, uint32_t step)
{
    Links links;

    memcpy(&links, victim, sizeof links);
    for (uint32_t value = 0; value < scene->end; value += step) {
        bool back = (value + (uint32_t)way) % 2 != 0;

        forge(scene, victim, (Links){value, links.previous}, back, way);
        forge(scene, victim, (Links){links.next, value}, !back, way);
        forge(scene, victim, (Links){value, value}, true, way);
    }
}

static void forge_bytes(Scene *scene, char *victim, Way way)
{
    for (size_t byte = 0; byte < sizeof(Links); byte++) {
        for (unsigned value = 0; value < 256; value += 17) {
            Links links;

            memcpy(&links, scene->copy + (victim - scene->memory), sizeof links);
            ((unsigned char *)&links)[byte] = (unsigned char)value;
            forge(scene, victim, links, value % 2 != 0, way);
        }
    }
}

START_TEST(forged_links_do_no_harm)
{
    Scene *scene;
    Way way = (Way)(_i % WAY_COUNT);

    if (_i >= WAY_COUNT) {
        support_start_thread();
    }
    scene = open_scene();
    /* Every second free block: each size occurs, alone and with others of its size. */
    for (int i = 0; i < PIECES; i += 2) {
        memcpy(scene->memory, scene->copy, MEMORY);
        forge_words(scene, scene->free[i], way, _i == WAY_ALLOC || _i == WAY_FREE ? 1 : 5);
        memcpy(scene->memory, scene->copy, MEMORY);
        forge_bytes(scene, scene->free[i], way);
    }
    ck_assert_uint_gt(told_in_all, 200);
    close_scene(scene);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("forged");

    tcase_add_loop_test(tests, forged_links_do_no_harm, 0, 2 * WAY_COUNT);
    return support_end();
}
