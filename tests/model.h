/* SPDX-License-Identifier: MIT
 *
 * A model of a region: an array of all its blocks in address order, in use and free. It is simple
 * enough to be right by inspection. Each operation is done on the region and on the model, and the
 * outcome must agree with the model:
 *
 *   - NULL if and only if no free run suffices;
 *   - the block is at the front of a smallest free run that suffices;
 *   - every block of the region is where the model has it, with its size and state;
 *   - the statistics are those of the model.
 *
 * For a region with caches, the model does not predict the place of a block, whether it moves when
 * it is resized, or how far caches round a large one up. */
#ifndef MEM_TESTS_MODEL_H
#define MEM_TESTS_MODEL_H

#include "checked.h"

typedef struct ModelBlock {
    size_t offset; /* bytes from the first block of the region */
    size_t size;
    bool in_use;
} ModelBlock;

typedef struct Model {
    const Bed *bed;
    ModelBlock *blocks; /* all blocks and free runs, no two free ones side by side */
    size_t count, room;
    size_t in_use; /* bytes in use */
    size_t blocks_in_use;
    size_t peak;     /* most bytes in use; a moving block exists twice for a moment */
    Mem_Stats calls; /* the counts of calls */
} Model;

/* Opens a model of a fresh region; closes it. */
void model_open(Model *model, const Bed *bed);
void model_close(Model *model);

/* Copies a model to another of the same region. Both are open. */
void model_copy(Model *to, const Model *from);

/* Follows a reset of the region. */
void model_reset(Model *model);

/* Operations. Allocations return whether they succeeded. index: of a block in use. */
bool model_alloc(Model *model, size_t size);
bool model_calloc(Model *model, size_t size);
bool model_aligned_alloc(Model *model, size_t alignment, size_t size);
bool model_realloc(Model *model, size_t index, size_t size);
void model_free(Model *model, size_t index);

/* Returns the index of the block in use with that number, in address order. */
size_t model_used(const Model *model, size_t number);

/* Frees all blocks, in random order. */
void model_free_all(Model *model, Random *source);

/* Compares the whole region with the model. All operations end with this. */
void model_compare(const Model *model);

#endif
