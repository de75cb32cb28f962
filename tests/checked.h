/* SPDX-License-Identifier: MIT
 *
 * Operations that verify what they did. Each of them
 *
 *   - does the operation on a bed;
 *   - verifies the result: place, alignment, size, errno, and that a failure had to be one;
 *   - verifies the pattern of a block that is freed or moved, and writes that of one that is new;
 *   - checks the whole region, and fails with the checker's message.
 *
 * A block's pattern follows from its address and its size, so a block that was moved, resized or
 * overwritten without anybody knowing is found. */
#ifndef MEM_TESTS_CHECKED_H
#define MEM_TESTS_CHECKED_H

#include "support.h"

/* Checks the whole region, unless it is known to be damaged. */
void checked_sound(const Bed *bed);

/* NULL when there is no room; then it is verified that there is none. */
void *checked_alloc(const Bed *bed, size_t size);
void *checked_calloc(const Bed *bed, size_t count, size_t size);
void *checked_realloc(const Bed *bed, void *block, size_t size);
void *checked_aligned_alloc(const Bed *bed, size_t alignment, size_t size);

/* Frees a block in use. */
void checked_free(const Bed *bed, void *block);

/* Verifies the pattern of a block in use. */
void checked_pattern(const Bed *bed, const void *block);

/* Verifies that a pointer is refused by Free, Realloc and Size, and nothing changes by that. */
void checked_refused(const Bed *bed, const void *pointer);

/* Verifies that the region is one free block, and that it can be taken whole. */
void checked_empty(const Bed *bed);

/* Writes the pattern of a block of some size, and tells whether one is there. Of very large blocks
 * only both ends carry one. kept: the bytes of it that are still there; at: where they are now. */
void pattern_fill(void *block, size_t size);
bool pattern_holds(const void *at, size_t kept, uintptr_t address, size_t size);

#endif
