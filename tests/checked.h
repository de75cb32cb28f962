/* SPDX-License-Identifier: MIT
 *
 * Operations that verify themselves. Each of them
 *
 *   - does the operation on a bed;
 *   - verifies the result: place, alignment, size, errno, and that a failure had to be one;
 *   - verifies the pattern of a block that is freed or moved, and writes that of a new one;
 *   - checks the whole region, and fails with the checker's message.
 *
 * A block's pattern follows from its address and size. So a block that was moved, resized or
 * overwritten by mistake is detected. */
#ifndef MEM_TESTS_CHECKED_H
#define MEM_TESTS_CHECKED_H

#include "support.h"

/* Checks the whole region, unless it is known to be damaged. */
void checked_sound(const Bed *bed);

/* Return NULL if there is no room, after verifying that. */
void *checked_alloc(const Bed *bed, size_t size);
void *checked_calloc(const Bed *bed, size_t count, size_t size);
void *checked_realloc(const Bed *bed, void *block, size_t size);
void *checked_aligned_alloc(const Bed *bed, size_t alignment, size_t size);

/* Frees a block in use. */
void checked_free(const Bed *bed, void *block);

/* Verifies the pattern of a block in use. */
void checked_pattern(const Bed *bed, const void *block);

/* Verifies that Free, Realloc and Size refuse a pointer, and that nothing changes. */
void checked_refused(const Bed *bed, const void *pointer);

/* Verifies that the region is one free block, and that it can be taken whole. */
void checked_empty(const Bed *bed);

/* Writes the pattern of a block; tests whether it is intact. Very large blocks carry one at both
 * ends only. kept: bytes of the block that are still there; at: where they are now. */
void pattern_fill(void *block, size_t size);
bool pattern_holds(const void *at, size_t kept, uintptr_t address, size_t size);

#endif
