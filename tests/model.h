/* SPDX-License-Identifier: MIT
 *
 * A model of a region: an array of all its blocks in address order, in use and free. It is simple
 * enough to be right by inspection. Each operation is done on the region and on the model, and the
 * outcome must be what the model says:
 *
 *   - NULL if and only if no free run suffices;
 *   - the block is at the front of a free run, a smallest one that suffices;
 *   - every block of the region is where the model has it, of that size, and in that state;
 *   - the statistics are those of the model.
 *
 * Of a region with caches it is not foretold where in free memory a block is, nor whether it moves when it gets
 * another size, nor to how many bytes caches round a large one up. */
#ifndef MEM_TESTS_MODEL_H
#define MEM_TESTS_MODEL_H

#include "checked.h"

typedef struct ModelBlock {
    size_t offset; /* from the first block of the region */
    size_t size;
    bool in_use;
} ModelBlock;

typedef struct Model {
    const Bed *bed;
    ModelBlock *blocks; /* all of the region, no two free ones side by side */
    size_t count, room;
    size_t in_use; /* bytes */
    size_t blocks_in_use;
    size_t peak;     /* most bytes in use; a block that moves is there twice for a moment */
    Mem_Stats calls; /* the counts of calls */
} Model;

/* A model of a region that is fresh. */
void model_open(Model *model, const Bed *bed);
void model_close(Model *model);

/* Makes one model equal to another of the same region. Both are open. */
void model_copy(Model *to, const Model *from);

/* The region was reset. */
void model_reset(Model *model);

/* Operations. Those that allocate tell whether they could; index: of a block in use. */
bool model_alloc(Model *model, size_t size);
bool model_calloc(Model *model, size_t size);
bool model_aligned_alloc(Model *model, size_t alignment, size_t size);
bool model_realloc(Model *model, size_t index, size_t size);
void model_free(Model *model, size_t index);

/* Index of the block in use that so many others come before, in address order. */
size_t model_used(const Model *model, size_t number);

/* Frees all blocks, in random order. */
void model_free_all(Model *model, Random *source);

/* Compares the whole region with the model. All operations end with it. */
void model_compare(const Model *model);

#endif
