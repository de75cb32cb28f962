/* SPDX-License-Identifier: MIT
 *
 * Programs that write to freed memory overwrite the links of free blocks. The heap must report that
 * when it meets such a block, and go on as if nothing had happened: each operation has the outcome
 * that the model predicts, no block in use is harmed, and all is sound afterwards. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { SIZE = 1 << 14 };

/* Ways to overwrite the first 8 bytes of a free block: two numbers of 32 bits, the next and the
 * previous block of its list. */
typedef enum Writing {
    WRITE_ONES,
    WRITE_LETTERS,
    WRITE_RANDOM,
    WRITE_ZEROS,
    WRITE_NEXT_ONES,
    WRITE_PREVIOUS_ONES,
    WRITE_NEXT_RANDOM,
    WRITE_PREVIOUS_RANDOM,
    WRITE_NEXT_NEAR, /* off by one to eight */
    WRITE_PREVIOUS_NEAR,
    WRITE_NEXT_SMALL, /* the list of another size, or a position between lists and blocks */
    WRITE_PREVIOUS_SMALL,
    WRITE_SWAPPED,
    WRITE_SELF,  /* both lead to the block itself */
    WRITE_OTHER, /* the links of another free block */
    WRITE_BYTE,  /* one of the eight bytes */
    WRITE_COUNT
} Writing;

/* Returns whether no list can hold the value: then the reported block must be the overwritten
 * one. */
static bool is_clear(Writing writing)
{
    return writing == WRITE_ONES || writing == WRITE_LETTERS || writing == WRITE_NEXT_ONES ||
           writing == WRITE_PREVIOUS_ONES;
}

typedef struct Links {
    uint32_t next, previous;
} Links;

static void overwrite(char *victim, const char *other, Writing writing, Random *source)
{
    Links links, others;
    uint32_t anything = (uint32_t)random_next(source);

    memcpy(&links, victim, sizeof links);
    memcpy(&others, other, sizeof others);
    switch (writing) {
    case WRITE_ONES:
        memset(&links, 0xff, sizeof links);
        break;
    case WRITE_LETTERS:
        memset(&links, 'A', sizeof links);
        break;
    case WRITE_RANDOM:
        links = (Links){anything, (uint32_t)random_next(source)};
        break;
    case WRITE_ZEROS:
        links = (Links){0, 0};
        break;
    case WRITE_NEXT_ONES:
        links.next = UINT32_MAX;
        break;
    case WRITE_PREVIOUS_ONES:
        links.previous = UINT32_MAX;
        break;
    case WRITE_NEXT_RANDOM:
        links.next = anything % (SIZE / 8);
        break;
    case WRITE_PREVIOUS_RANDOM:
        links.previous = anything % (SIZE / 8);
        break;
    case WRITE_NEXT_NEAR:
        links.next += 1 + anything % 8;
        break;
    case WRITE_PREVIOUS_NEAR:
        links.previous -= 1 + anything % 8;
        break;
    case WRITE_NEXT_SMALL:
        links.next = anything % 700;
        break;
    case WRITE_PREVIOUS_SMALL:
        links.previous = anything % 700;
        break;
    case WRITE_SWAPPED:
        links = (Links){links.previous, links.next};
        break;
    case WRITE_SELF: /* the block's own number, from its neighbour in the list, if any */
        links.next = links.previous = others.next + (uint32_t)((victim - other) / 8);
        break;
    case WRITE_OTHER:
        links = others;
        break;
    case WRITE_BYTE:
        ((unsigned char *)&links)[anything % 8] ^= (unsigned char)(1U << anything / 8 % 8);
        break;
    case WRITE_COUNT:
        break;
    }
    memcpy(victim, &links, sizeof links);
}

/* The bed under test, its model, and what the handler was told. */
typedef struct Scene {
    Bed bed;
    Model model;
    Random source;
    const void *victim; /* NULL: any */
    size_t told;
} Scene;

static void handle(const Mem_Misuse *misuse, void *context)
{
    Scene *scene = context;

    scene->told++;
    scene->model.calls.misuses++;
    if (misuse->kind != MEM_MISUSE_OVERWRITTEN) {
        ck_abort_msg("told of another misuse: %s", misuse->sentence);
    }
    if (misuse->block != misuse->pointer || misuse->block_in_use || misuse->block_size == 0) {
        ck_abort_msg("told of no free block");
    }
    if (scene->victim != NULL && misuse->pointer != scene->victim) {
        ck_abort_msg("told of %p, but %p was written to", misuse->pointer, scene->victim);
    }
    /* Whatever was written, it is repaired. */
    scene->bed.is_damaged = false;
    checked_sound(&scene->bed);
}

static Scene *open_scene(Kind kind, uint64_t seed)
{
    Scene *scene = calloc(1, sizeof *scene);

    ck_assert_ptr_nonnull(scene);
    scene->bed = bed_open(kind, SIZE);
    scene->source.state = seed;
    model_open(&scene->model, &scene->bed);
    Mem_OnMisuse(handle, scene);
    return scene;
}

static void close_scene(Scene *scene)
{
    Mem_OnMisuse(NULL, NULL);
    model_close(&scene->model);
    bed_close(&scene->bed);
    free(scene);
}

/* Builds lists of one, two and five free blocks, in mixed order, with blocks in use between them;
 * the rest is one large free block. */
static void build(Scene *scene)
{
    static const size_t units[] = {2, 3, 2, 5, 3, 2, 1, 2, 40, 2, 1, 7};
    enum { UNITS = sizeof units / sizeof units[0] };
    static const size_t order[UNITS] = {4, 0, 9, 3, 1, 7, 10, 2, 8, 5, 11, 6};
    char *blocks[UNITS];
    Model *model = &scene->model;

    for (size_t i = 0; i < UNITS; i++) {
        blocks[i] = scene->bed.first + model->in_use;
        model_alloc(model, units[i] * scene->bed.alignment);
        model_alloc(model, 1);
    }
    for (size_t i = 0; i < UNITS; i++) {
        size_t index = 0;

        while (scene->bed.first + model->blocks[index].offset != blocks[order[i]]) {
            index++;
        }
        model_free(model, index);
    }
}

/* Returns the free block of that number, or NULL; large ones do not count. */
static char *free_block(const Scene *scene, size_t number)
{
    for (size_t i = 0; i < scene->model.count; i++) {
        const ModelBlock *block = &scene->model.blocks[i];

        if (!block->in_use && block->size <= 40 * scene->bed.alignment && block->size < 512 &&
            number-- == 0) {
            return scene->bed.first + block->offset;
        }
    }
    return NULL;
}

/* Ways to meet free blocks. */
typedef enum Way {
    WAY_ALLOC_ALL, /* takes every free block, the largest first */
    WAY_ALLOC_SMALL,
    WAY_CALLOC,
    WAY_ALIGNED,
    WAY_FREE_ALL, /* merges every free block with its neighbours */
    WAY_GROW,
    WAY_SHRINK,
    WAY_COUNT
} Way;

static void go(Scene *scene, Way way)
{
    Model *model = &scene->model;
    size_t unit = scene->bed.alignment;

    for (size_t step = 0; step < 30; step++) {
        size_t largest = bed_stats(&scene->bed).largest_free & ~(unit - 1);
        size_t used = model->blocks_in_use;

        switch (way) {
        case WAY_ALLOC_ALL:
            model_alloc(model, largest);
            break;
        case WAY_ALLOC_SMALL:
            model_alloc(model, step % 3 * unit);
            break;
        case WAY_CALLOC:
            model_calloc(model, step % 8 * unit);
            break;
        case WAY_ALIGNED:
            model_aligned_alloc(model, 2 * unit << step % 3, step % 5 * unit);
            break;
        case WAY_FREE_ALL:
            if (used != 0) {
                model_free(model, model_used(model, random_below(&scene->source, used)));
            }
            break;
        case WAY_GROW:
            if (used != 0) {
                size_t index = model_used(model, step % used);

                model_realloc(model, index, model->blocks[index].size + (1 + step % 4) * unit);
            }
            break;
        case WAY_SHRINK:
            if (used != 0) {
                size_t index = model_used(model, step % used);

                model_realloc(model, index, model->blocks[index].size / 2);
            }
            break;
        case WAY_COUNT:
            break;
        }
    }
}

/* Each way of overwriting, each free block, each way of meeting it. */
START_TEST(overwritten_links_are_told_and_repaired)
{
    size_t told = 0;

    for (int n = 0; n < WRITE_COUNT * WAY_COUNT; n++) {
        for (size_t number = 0;; number++) {
            Writing writing = (Writing)(n % WRITE_COUNT);
            Way way = (Way)(n / WRITE_COUNT);
            Scene *scene = open_scene((Kind)_i, number + (uint64_t)n * 100);
            char *victim;

            build(scene);
            victim = free_block(scene, number);
            if (victim == NULL) {
                close_scene(scene);
                break;
            }
            overwrite(victim, free_block(scene, number == 0), writing, &scene->source);
            scene->bed.is_damaged = true;
            scene->victim = is_clear(writing) ? victim : NULL;
            go(scene, way);
            if (is_clear(writing) && (way == WAY_ALLOC_ALL || way == WAY_FREE_ALL)) {
                ck_assert_uint_eq(scene->told, 1);
            }
            ck_assert_uint_le(scene->told, 1);
            told += scene->told;
            close_scene(scene);
        }
    }
    ck_assert_uint_gt(told, 400);
}
END_TEST

/* Random operations, with an overwritten free block now and then. */
START_TEST(overwritten_links_at_random)
{
    Random source = support_random("overwritten_links_at_random", _i);
    Scene *scene = open_scene((Kind)_i, random_next(&source));
    Model *model = &scene->model;

    for (size_t i = support_operations(10000); i > 0; i--) {
        size_t size = random_scaled(&source, 600);
        size_t used = model->blocks_in_use;

        if (random_below(&source, 20) == 0) {
            char *victim = free_block(scene, random_below(&source, 10));
            char *other = free_block(scene, random_below(&source, 10));

            if (victim != NULL && other != NULL) {
                overwrite(victim, other, (Writing)random_below(&source, WRITE_COUNT), &source);
                scene->bed.is_damaged = true;
            }
        } else if (used == 0 || random_below(&source, 9) < (i / 500 % 2 == 0 ? 5 : 3)) {
            if (random_below(&source, 4) == 0) {
                model_aligned_alloc(model, (size_t)8 << random_below(&source, 6), size);
            } else {
                model_alloc(model, size);
            }
        } else {
            size_t index = model_used(model, random_below(&source, used));

            if (random_below(&source, 3) == 0) {
                model_realloc(model, index, size);
            } else {
                model_free(model, index);
            }
        }
    }
    close_scene(scene);
}
END_TEST

/* Without a handler and with the default action, the calls succeed, and the misuse is counted. */
START_TEST(overwritten_links_without_a_handler)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    char *block = checked_alloc(&bed, 16);
    char *wall = checked_alloc(&bed, 16);
    size_t size = bed_size(&bed, block);

    checked_free(&bed, block);
    memset(block, 0xee, size);
    ck_assert_ptr_eq(checked_alloc(&bed, size), block);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 1);
    checked_free(&bed, block);
    memset(block, 0xee, size);
    checked_free(&bed, wall);
    ck_assert_uint_eq(bed_stats(&bed).misuses, 2);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

/* Overwritten free blocks in lists, on one side of a block or on both, that together with it are
 * too large for a list. */
START_TEST(beside_a_block_that_becomes_large)
{
    enum { BEHIND = 1, BEFORE = 2, BOTH = 3 };

    for (int which = BEHIND; which <= BOTH; which++) {
        Bed bed = bed_open((Kind)_i, 1 << 24);
        size_t unit = bed.alignment;
        size_t side = 9000 / unit * unit;
        char *before = checked_alloc(&bed, side);
        char *block = checked_alloc(&bed, 100 * unit);
        char *behind = checked_alloc(&bed, side);

        ck_assert_ptr_nonnull(checked_alloc(&bed, 1));
        checked_free(&bed, before);
        checked_free(&bed, behind);
        bed.is_damaged = true;
        if ((which & BEHIND) != 0) {
            memset(behind, 0xff, 8);
        }
        if ((which & BEFORE) != 0) {
            memset(before, 0xff, 8);
        }
        checked_free(&bed, block);
        bed.is_damaged = false; /* it was repaired */
        checked_sound(&bed);
        ck_assert_ptr_eq(checked_alloc(&bed, (size_t)(behind - before) + side), before);
        bed_close(&bed);
    }
}
END_TEST

/* Forged links: they lead to memory of the program that seems to point back. */
typedef enum Forgery {
    FORGE_START,  /* the next block is a block in use */
    FORGE_INSIDE, /* the next block is inside one */
    FORGE_ALONE,  /* next and previous are equal, as if it were alone, but are not the list */
    FORGE_COUNT
} Forgery;

static uint32_t number_of(const Bed *bed, const void *at)
{
    return (uint32_t)(((uintptr_t)at - (uintptr_t)bed->region) / UNIT);
}

static void forge(const Bed *bed, char *victim, char *block, Forgery forgery)
{
    char *fake = forgery == FORGE_START ? block : block + 128;
    Links links;

    memcpy(&links, victim, sizeof links);
    links.next = number_of(bed, fake);
    if (forgery == FORGE_ALONE) {
        links.previous = links.next;
    }
    memcpy(victim, &links, sizeof links);
    links.next = number_of(bed, forgery == FORGE_ALONE ? victim : block + 192);
    links.previous = number_of(bed, victim);
    memcpy(fake, &links, sizeof links);
    links.previous = number_of(bed, fake);
    memcpy(block + 192, &links, sizeof links);
}

static void count_overwritten(const Mem_Misuse *misuse, void *context)
{
    ck_assert_int_eq((int)misuse->kind, (int)MEM_MISUSE_OVERWRITTEN);
    ++*(size_t *)context;
}

static void *alloc_forged(const Bed *bed, size_t size, bool aligned)
{
    return aligned ? Mem_RegionAlignedAlloc(bed->region, 2 * bed->alignment, size)
                   : Mem_RegionAlloc(bed->region, size);
}

/* Takes the free memory before a block. */
static void fill_before(const Bed *bed, const char *block)
{
    char *filling;

    do {
        filling = Mem_RegionAlloc(bed->region, 1);
        ck_assert_ptr_nonnull(filling);
    } while (filling < block);
    ck_assert_int_eq(Mem_RegionFree(bed->region, filling), 0);
}

/* Memory that the map says is in use is never handed out, and all is sound after the links were
 * met. */
START_TEST(forged_links_are_told)
{
    for (int n = 0; n < 2 * FORGE_COUNT; n++) {
        Forgery forgery = (Forgery)(n / 2);
        bool aligned = n % 2 != 0;
        Bed bed = bed_open((Kind)_i, SIZE);
        size_t size = 6 * bed.alignment;
        char *block = Mem_RegionAlignedAlloc(bed.region, 256, 256);
        char *victim = Mem_RegionAlignedAlloc(bed.region, 256, size);
        size_t told = 0;
        char *taken[2];

        fill_before(&bed, block);
        ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, 1)); /* behind the victim */
        Mem_OnMisuse(count_overwritten, &told);
        checked_sound(&bed);
        ck_assert_int_eq(Mem_RegionFree(bed.region, victim), 0);
        forge(&bed, victim, block, forgery);
        for (int i = 0; i < 2; i++) {
            taken[i] = alloc_forged(&bed, size, aligned);
            ck_assert_ptr_nonnull(taken[i]);
            ck_assert(taken[i] + size <= block || block + 256 <= taken[i]);
        }
        ck_assert_ptr_eq(taken[0], victim);
        ck_assert_ptr_ne(taken[1], victim);
        ck_assert_uint_eq(told, 1);
        checked_sound(&bed);
        Mem_OnMisuse(NULL, NULL);
        ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
        checked_empty(&bed);
        bed_close(&bed);
    }
}
END_TEST

static void link_to(const Bed *bed, char *block, const char *next)
{
    uint32_t number = number_of(bed, next);

    memcpy(block, &number, sizeof number);
}

static void link_back(const Bed *bed, char *block, const char *previous)
{
    uint32_t number = number_of(bed, previous);

    memcpy(block + sizeof number, &number, sizeof number);
}

/* A list in another order than that of its head: all targets are free, and point back. The block
 * that the head has as its last leaves before another one. */
START_TEST(forged_order_harms_no_block)
{
    Bed bed = bed_open((Kind)_i, SIZE);
    size_t size = 6 * bed.alignment;
    char *blocks[4], *taken[3];
    size_t told = 0;

    for (int i = 0; i < 4; i++) {
        blocks[i] = checked_alloc(&bed, size);
        ck_assert_ptr_nonnull(checked_alloc(&bed, 1));
    }
    for (int i = 0; i < 3; i++) {
        checked_free(&bed, blocks[i]);
    }
    Mem_OnMisuse(count_overwritten, &told);
    link_to(&bed, blocks[0], blocks[2]); /* instead of 0, 1, 2 */
    link_back(&bed, blocks[2], blocks[0]);
    link_to(&bed, blocks[2], blocks[1]);
    link_back(&bed, blocks[1], blocks[2]);
    for (int i = 0; i < 2; i++) {
        taken[i] = Mem_RegionAlloc(bed.region, size);
        ck_assert_ptr_nonnull(taken[i]);
        memset(taken[i], 't', size);
    }
    ck_assert_int_eq(Mem_RegionFree(bed.region, blocks[3]), 0);
    taken[2] = Mem_RegionAlloc(bed.region, size);
    ck_assert_ptr_nonnull(taken[2]);
    memset(taken[2], 'u', size);
    for (int i = 0; i < 2; i++) {
        for (size_t at = 0; at < size; at++) {
            ck_assert_int_eq(taken[i][at], 't');
        }
    }
    ck_assert_uint_eq(told, 1);
    checked_sound(&bed);
    Mem_OnMisuse(NULL, NULL);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("overwritten");

    tcase_add_loop_test(tests, overwritten_links_are_told_and_repaired, 0, KIND_COUNT);
    tcase_add_loop_test(tests, overwritten_links_at_random, 0, KIND_COUNT);
    tcase_add_loop_test(tests, overwritten_links_without_a_handler, 0, KIND_COUNT);
    tcase_add_loop_test(tests, beside_a_block_that_becomes_large, 0, KIND_COUNT);
    tcase_add_loop_test(tests, forged_links_are_told, KIND_MAPPED, KIND_COUNT);
    tcase_add_loop_test(tests, forged_order_harms_no_block, KIND_MAPPED, KIND_COUNT);
    return support_end();
}
