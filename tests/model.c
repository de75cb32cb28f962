/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------
 * The array
 * --------------------------------------------------------------------------------------------- */

static void insert(Model *model, size_t index, ModelBlock block)
{
    if (model->count == model->room) {
        model->room *= 2;
        model->blocks = realloc(model->blocks, model->room * sizeof *model->blocks);
        if (model->blocks == NULL) {
            ck_abort_msg("no memory for the model");
        }
    }
    memmove(model->blocks + index + 1, model->blocks + index,
            (model->count - index) * sizeof *model->blocks);
    model->blocks[index] = block;
    model->count++;
}

static void erase(Model *model, size_t index)
{
    model->count--;
    memmove(model->blocks + index, model->blocks + index + 1,
            (model->count - index) * sizeof *model->blocks);
}

/* Returns the index of the block, free or in use, around an offset. */
static size_t find(const Model *model, size_t offset)
{
    size_t low = 0;
    size_t high = model->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (model->blocks[middle].offset <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_free(const Model *model, size_t index)
{
    return index < model->count && !model->blocks[index].in_use;
}

/* Makes a part of a free run a block in use: [ free run ] => [ gap ][ in use ][ rest ]. */
static void carve(Model *model, size_t index, size_t gap, size_t size)
{
    ModelBlock run = model->blocks[index];
    ModelBlock rest = {run.offset + gap + size, run.size - gap - size, false};

    model->blocks[index] = (ModelBlock){run.offset + gap, size, true};
    if (rest.size != 0) {
        insert(model, index + 1, rest);
    }
    if (gap != 0) {
        insert(model, index, (ModelBlock){run.offset, gap, false});
    }
    model->in_use += size;
    model->blocks_in_use++;
    if (model->in_use > model->peak) {
        model->peak = model->in_use;
    }
}

/* Frees a block, and merges it with its free neighbours. Returns the index of the free run. */
static size_t release(Model *model, size_t index)
{
    model->in_use -= model->blocks[index].size;
    model->blocks_in_use--;
    model->blocks[index].in_use = false;
    if (is_free(model, index + 1)) {
        model->blocks[index].size += model->blocks[index + 1].size;
        erase(model, index + 1);
    }
    if (index != 0 && is_free(model, index - 1)) {
        model->blocks[index - 1].size += model->blocks[index].size;
        erase(model, index);
        index--;
    }
    return index;
}

static size_t largest_free(const Model *model)
{
    size_t largest = 0;

    for (size_t i = 0; i < model->count; i++) {
        if (is_free(model, i) && model->blocks[i].size > largest) {
            largest = model->blocks[i].size;
        }
    }
    return largest;
}

/* Returns the size of the smallest free run of at least `needed` bytes, or 0. */
static size_t best_fit(const Model *model, size_t needed)
{
    size_t best = 0;

    for (size_t i = 0; i < model->count; i++) {
        size_t size = model->blocks[i].size;

        if (is_free(model, i) && size >= needed && (best == 0 || size < best)) {
            best = size;
        }
    }
    return best;
}

/* ------------------------------------------------------------------------------------------------
 * Comparing
 * --------------------------------------------------------------------------------------------- */

typedef struct Comparison {
    const Model *model;
    size_t index;
} Comparison;

static int compare_block(const Mem_Block *block, void *context)
{
    Comparison *comparison = context;
    const Model *model = comparison->model;
    const ModelBlock *expected = &model->blocks[comparison->index];

    if (comparison->index == model->count ||
        block->address != model->bed->first + expected->offset || block->size != expected->size ||
        block->in_use != expected->in_use || block->reserved != 0) {
        return 1;
    }
    comparison->index++;
    return 0;
}

/* The share of what is free that is not in the largest free block, in millionths, rounded up. */
static bool is_fragmentation(const Mem_Stats *stats)
{
    double rest = (double)(stats->bytes_free - stats->largest_free);
    double share = stats->bytes_free == 0 ? 0 : rest * 1e6 / (double)stats->bytes_free;
    double told = (double)stats->fragmentation;

    return told >= share - 1e-6 && told < share + 1 + 1e-6;
}

static void compare_stats(const Model *model)
{
    Mem_Stats stats = bed_stats(model->bed);

    if (stats.capacity != model->bed->capacity || stats.bytes_in_use != model->in_use ||
        stats.bytes_free != stats.capacity - model->in_use ||
        stats.blocks_in_use != model->blocks_in_use ||
        stats.blocks_free != model->count - model->blocks_in_use ||
        stats.largest_free != largest_free(model) || !is_fragmentation(&stats)) {
        ck_abort_msg("the statistics tell wrong sizes");
    }
    /* The peak counts whole spans of caches. */
    if (model->bed->is_cached ? stats.peak_in_use < model->peak
                              : stats.peak_in_use != model->peak) {
        ck_abort_msg("the peak is %zu, but should be %zu", stats.peak_in_use, model->peak);
    }
    if (stats.allocs != model->calls.allocs || stats.callocs != model->calls.callocs ||
        stats.reallocs != model->calls.reallocs ||
        stats.aligned_allocs != model->calls.aligned_allocs || stats.frees != model->calls.frees ||
        stats.failures != model->calls.failures || stats.misuses != model->calls.misuses) {
        ck_abort_msg("the statistics tell wrong counts of calls");
    }
}

void model_compare(const Model *model)
{
    Comparison comparison = {model, 0};

    if (bed_walk(model->bed, compare_block, &comparison) != 0 || comparison.index != model->count) {
        ck_abort_msg("block %zu of %zu is not as in the model", comparison.index, model->count);
    }
    compare_stats(model);
}

/* ------------------------------------------------------------------------------------------------
 * Operations
 * --------------------------------------------------------------------------------------------- */

void model_open(Model *model, const Bed *bed)
{
    *model = (Model){.bed = bed, .room = 64};
    model->blocks = malloc(model->room * sizeof *model->blocks);
    if (model->blocks == NULL) {
        ck_abort_msg("no memory for the model");
    }
    model->calls = bed_stats(bed);
    model_reset(model);
}

void model_close(Model *model)
{
    free(model->blocks);
    *model = (Model){0};
}

void model_copy(Model *to, const Model *from)
{
    ModelBlock *blocks = to->blocks;
    size_t room = to->room;

    if (room < from->count) {
        ck_abort_msg("no room in the model");
    }
    *to = *from;
    to->blocks = blocks;
    to->room = room;
    memcpy(blocks, from->blocks, from->count * sizeof *blocks);
}

void model_reset(Model *model)
{
    model->count = 1;
    model->blocks[0] = (ModelBlock){0, model->bed->capacity, false};
    model->in_use = model->peak = model->blocks_in_use = 0;
    model_compare(model);
}

/* Returns the bytes of a block: those that it costs, unless caches round up. */
static size_t usable(const Model *model, const char *block, size_t needed)
{
    return model->bed->is_cached && block != NULL ? bed_size(model->bed, block) : needed;
}

/* Notes a block that the region took from a free run, which must be the right one. best: the size
 * of the run; 0: none. */
static bool note_block(Model *model, const char *block, size_t alignment, size_t needed,
                       size_t best)
{
    size_t offset, index, gap;

    if (block == NULL) {
        if (best != 0) {
            ck_abort_msg("no block for %zu bytes, but a free one of %zu", needed, best);
        }
        model->calls.failures++;
        return false;
    }
    needed = usable(model, block, needed);
    offset = (size_t)(block - model->bed->first);
    index = find(model, offset);
    if (!is_free(model, index) ||
        model->blocks[index].offset + model->blocks[index].size < offset + needed) {
        ck_abort_msg("block %p is not where free memory was", (const void *)block);
    }
    if (best != 0 && !model->bed->is_cached && alignment <= model->bed->alignment &&
        model->blocks[index].size != best) {
        ck_abort_msg("block of %zu bytes from %zu free ones, but there were %zu", needed,
                     model->blocks[index].size, best);
    }
    gap = -((uintptr_t)model->bed->first + model->blocks[index].offset) & (alignment - 1);
    if (model->bed->is_cached) {
        gap = offset - model->blocks[index].offset;
    }
    if (offset != model->blocks[index].offset + gap) {
        ck_abort_msg("block %p is not at the front of free memory", (const void *)block);
    }
    carve(model, index, gap, needed);
    return true;
}

static bool end_alloc(Model *model, const char *block, size_t alignment, size_t needed, size_t best)
{
    bool done = note_block(model, block, alignment, needed, best);

    model_compare(model);
    return done;
}

static size_t cost(const Model *model, size_t size)
{
    return size > model->bed->capacity ? size : bed_cost(model->bed, size);
}

bool model_alloc(Model *model, size_t size)
{
    size_t best = best_fit(model, cost(model, size));
    char *block = checked_alloc(model->bed, size);

    model->calls.allocs++;
    return end_alloc(model, block, 1, cost(model, size), best);
}

bool model_calloc(Model *model, size_t size)
{
    size_t best = best_fit(model, cost(model, size));
    char *block = size % 3 == 0 ? checked_calloc(model->bed, size / 3, 3)
                                : checked_calloc(model->bed, 1, size);

    model->calls.callocs++;
    return end_alloc(model, block, 1, cost(model, size), best);
}

bool model_aligned_alloc(Model *model, size_t alignment, size_t size)
{
    size_t needed = cost(model, size);
    bool is_plain = alignment <= model->bed->alignment;
    size_t best = best_fit(model, is_plain ? needed : needed + alignment);
    char *block = checked_aligned_alloc(model->bed, alignment, size);

    /* A shorter run may lie right; the region need not find it. */
    if (block != NULL && best == 0) {
        best = best_fit(model, needed);
    }
    model->calls.aligned_allocs++;
    return end_alloc(model, block, alignment, needed, best);
}

void model_free(Model *model, size_t index)
{
    checked_free(model->bed, model->bed->first + model->blocks[index].offset);
    model->calls.frees++;
    release(model, index);
    model_compare(model);
}

/* Returns the index of the block at which a grown block begins if it need not move elsewhere; the
 * count of blocks if there is no room. */
static size_t grows_at(const Model *model, size_t index, size_t needed)
{
    size_t size = model->blocks[index].size;

    if (is_free(model, index + 1)) {
        size += model->blocks[index + 1].size;
    }
    if (size >= needed) {
        return index;
    }
    if (index != 0 && is_free(model, index - 1)) {
        size += model->blocks[index - 1].size;
        if (size >= needed) {
            return index - 1;
        }
    }
    return model->count;
}

/* Notes the place of a resized block in a region with caches: anywhere in the memory that is free
 * without the block itself. */
static void note_resized(Model *model, size_t index, const char *resized, size_t needed)
{
    size_t offset = (size_t)(resized - model->bed->first);
    size_t old = model->blocks[index].offset;

    needed = usable(model, resized, needed);
    release(model, index);
    index = find(model, offset);
    if (!is_free(model, index) ||
        model->blocks[index].offset + model->blocks[index].size < offset + needed) {
        ck_abort_msg("block at %zu, now at %zu: that was not free", old, offset);
    }
    carve(model, index, offset - model->blocks[index].offset, needed);
}

bool model_realloc(Model *model, size_t index, size_t size)
{
    size_t needed = cost(model, size);
    size_t begin = grows_at(model, index, needed);
    size_t best = best_fit(model, needed);
    ModelBlock old = model->blocks[index];
    char *resized = checked_realloc(model->bed, model->bed->first + old.offset, size);

    model->calls.reallocs++;
    if (model->bed->is_cached && resized != NULL) {
        note_resized(model, index, resized, needed);
    } else if (begin == model->count) { /* elsewhere: for a moment it exists twice */
        if (!note_block(model, resized, 1, needed, best)) {
            return false;
        }
        release(model, find(model, old.offset));
    } else {
        size_t offset = model->blocks[begin].offset;

        if (resized == NULL || resized != model->bed->first + offset) {
            ck_abort_msg("block of %zu bytes, now of %zu: should have stayed", old.size, needed);
        }
        index = release(model, index);
        carve(model, index, offset - model->blocks[index].offset, needed);
    }
    model_compare(model);
    return true;
}

size_t model_used(const Model *model, size_t number)
{
    size_t index = 0;

    for (;; index++) {
        if (model->blocks[index].in_use && number-- == 0) {
            return index;
        }
    }
}

void model_free_all(Model *model, Random *source)
{
    while (model->blocks_in_use != 0) {
        model_free(model, model_used(model, random_below(source, model->blocks_in_use)));
    }
}
