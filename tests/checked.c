/* SPDX-License-Identifier: MIT */
#include "checked.h"

#include <errno.h>
#include <string.h>

enum {
    ERRNO_BEFORE = 4242,     /* no system has this error */
    PATTERN_WHOLE = 1 << 20, /* blocks up to this size carry a pattern all over */
    PATTERN_END = 1 << 16    /* larger ones, in this many bytes at either end */
};

/* ------------------------------------------------------------------------------------------------
 * Patterns
 * --------------------------------------------------------------------------------------------- */

static uint64_t pattern_word(uintptr_t address, size_t size, size_t offset)
{
    uint64_t word = (uint64_t)address * UINT64_C(0x9e3779b97f4a7c15) + size;

    return (word ^ word >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + offset;
}

static void fill_part(char *block, size_t size, size_t from, size_t to)
{
    for (size_t offset = from; offset < to; offset += sizeof(uint64_t)) {
        uint64_t word = pattern_word((uintptr_t)block, size, offset);

        memcpy(block + offset, &word, sizeof word);
    }
}

void pattern_fill(void *block, size_t size)
{
    if (size <= PATTERN_WHOLE) {
        fill_part(block, size, 0, size);
    } else {
        fill_part(block, size, 0, PATTERN_END);
        fill_part(block, size, size - PATTERN_END, size);
    }
}

static bool part_holds(const char *at, uintptr_t address, size_t size, size_t from, size_t to)
{
    for (size_t offset = from; offset < to; offset += sizeof(uint64_t)) {
        uint64_t word = pattern_word(address, size, offset);

        if (memcmp(at + offset, &word, sizeof word) != 0) {
            return false;
        }
    }
    return true;
}

bool pattern_holds(const void *at, size_t kept, uintptr_t address, size_t size)
{
    if (size <= PATTERN_WHOLE) {
        return part_holds(at, address, size, 0, kept);
    }
    return part_holds(at, address, size, 0, kept < PATTERN_END ? kept : PATTERN_END) &&
           part_holds(at, address, size, size - PATTERN_END, kept);
}

void checked_pattern(const Bed *bed, const void *block)
{
    size_t size = bed_size(bed, block);

    if (size == 0) {
        ck_abort_msg("%p is not a block in use", block);
    }
    if (!pattern_holds(block, size, (uintptr_t)block, size)) {
        ck_abort_msg("block %p of %zu bytes: its contents were changed", block, size);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Operations
 * --------------------------------------------------------------------------------------------- */

void checked_sound(const Bed *bed)
{
    char message[200] = "no message";
    int result;

    if (bed->is_damaged) {
        return;
    }
    errno = ERRNO_BEFORE;
    result = bed->region == NULL ? Mem_CheckReport(message, sizeof message)
                                 : Mem_RegionCheckReport(bed->region, message, sizeof message);
    if (result != 0) {
        ck_abort_msg("the region is damaged: %s", message);
    }
    if (message[0] != '\0' || errno != ERRNO_BEFORE) {
        ck_abort_msg("a check without fault left a message or an errno: %s", message);
    }
}

static int find_largest(const Mem_Block *block, void *context)
{
    size_t *largest = context;

    if (!block->in_use && block->size > *largest) {
        *largest = block->size;
    }
    return 0;
}

/* Verifies that a failed request had to fail. */
static void verify_full(const Bed *bed, size_t needed)
{
    size_t largest = 0;

    if (errno != ENOMEM) {
        ck_abort_msg("failed with errno %d, not ENOMEM", errno);
    }
    if (!bed->is_shared) {
        bed_walk(bed, find_largest, &largest);
    }
    if (largest >= needed) {
        ck_abort_msg("no block for %zu bytes, but a free block of %zu", needed, largest);
    }
    checked_sound(bed);
}

/* Bytes up to which a request is rounded up only to a multiple of the alignment, by the heap and by
 * caches. */
enum { EXACT_MOST = 128 * UNIT };

/* Returns whether a block may have `usable` bytes for its request. Caches round large blocks up to
 * a size class, and aligned ones to a multiple of the alignment. */
static bool may_have(const Bed *bed, size_t usable, size_t alignment, size_t cost)
{
    size_t multiple = bed->is_cached && alignment > bed->alignment ? alignment : bed->alignment;
    size_t rounded = (cost + multiple - 1) & ~(multiple - 1);

    if (usable == cost || !bed->is_cached) {
        return usable == cost;
    }
    return usable > cost && (rounded > EXACT_MOST ? usable - cost < rounded - cost + rounded / 16
                                                  : usable == rounded);
}

/* Verifies a new block. kept: bytes that it may have because it had them before. */
static void verify_block(const Bed *bed, char *block, size_t alignment, size_t size, size_t kept)
{
    size_t cost = bed_cost(bed, size);
    size_t usable;

    if (errno != ERRNO_BEFORE) {
        ck_abort_msg("succeeded, but errno was set to %d", errno);
    }
    if ((uintptr_t)block % bed->alignment != 0 || (uintptr_t)block % alignment != 0) {
        ck_abort_msg("block %p is not aligned", (void *)block);
    }
    if (block < bed->first || cost > bed->capacity ||
        (size_t)(block - bed->first) > bed->capacity - cost) {
        ck_abort_msg("block %p is not in the region", (void *)block);
    }
    usable = bed_size(bed, block);
    if (!may_have(bed, usable, alignment, cost) && (usable != kept || usable < cost)) {
        ck_abort_msg("block %p is of %zu bytes, not %zu", (void *)block, usable, cost);
    }
    pattern_fill(block, usable);
    checked_sound(bed);
}

/* Returns the sum, or SIZE_MAX if it overflows. */
static size_t add_up(size_t a, size_t b)
{
    return a + b < a ? SIZE_MAX : a + b;
}

void *checked_alloc(const Bed *bed, size_t size)
{
    char *block;

    errno = ERRNO_BEFORE;
    block = bed->region == NULL ? Mem_Alloc(size) : Mem_RegionAlloc(bed->region, size);
    if (block == NULL) {
        verify_full(bed, size > bed->capacity ? size : bed_cost(bed, size));
        return NULL;
    }
    verify_block(bed, block, 1, size, 0);
    return block;
}

void *checked_calloc(const Bed *bed, size_t count, size_t size)
{
    size_t bytes = size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
    char *block;

    errno = ERRNO_BEFORE;
    block = bed->region == NULL ? Mem_Calloc(count, size)
                                : Mem_RegionCalloc(bed->region, count, size);
    if (block == NULL) {
        verify_full(bed, bytes > bed->capacity ? bytes : bed_cost(bed, bytes));
        return NULL;
    }
    if (bytes > bed->capacity) {
        ck_abort_msg("a block for %zu times %zu bytes", count, size);
    }
    for (size_t i = 0; i < bytes; i++) {
        if (block[i] != 0) {
            ck_abort_msg("block %p of %zu bytes: not cleared at %zu", (void *)block, bytes, i);
        }
    }
    verify_block(bed, block, 1, bytes, 0);
    return block;
}

void *checked_aligned_alloc(const Bed *bed, size_t alignment, size_t size)
{
    char *block;

    errno = ERRNO_BEFORE;
    block = bed->region == NULL ? Mem_AlignedAlloc(alignment, size)
                                : Mem_RegionAlignedAlloc(bed->region, alignment, size);
    if (block == NULL) {
        size_t needed = size > bed->capacity ? size : bed_cost(bed, size);

        verify_full(bed, alignment <= bed->alignment ? needed : add_up(needed, alignment));
        return NULL;
    }
    verify_block(bed, block, alignment, size, 0);
    return block;
}

void *checked_realloc(const Bed *bed, void *block, size_t size)
{
    size_t old_size = block == NULL ? 0 : bed_size(bed, block);
    uintptr_t old = (uintptr_t)block;
    char *resized;

    if (block != NULL) {
        checked_pattern(bed, block);
    }
    errno = ERRNO_BEFORE;
    resized = bed->region == NULL ? Mem_Realloc(block, size)
                                  : Mem_RegionRealloc(bed->region, block, size);
    if (resized == NULL) {
        verify_full(bed, size > bed->capacity ? size : bed_cost(bed, size));
        if (block != NULL) {
            checked_pattern(bed, (void *)old);
        }
        return NULL;
    }
    if (block != NULL) {
        size_t cost = bed_cost(bed, size);

        if (!pattern_holds(resized, cost < old_size ? cost : old_size, old, old_size)) {
            ck_abort_msg("block %p of %zu bytes, now %p: its contents were not kept", (void *)old,
                         old_size, (void *)resized);
        }
    }
    /* A block of a cache keeps its size if there is no smaller block. */
    verify_block(bed, resized, 1, size, bed->is_cached && (uintptr_t)resized == old ? old_size : 0);
    return resized;
}

static int free_on(const Bed *bed, void *block)
{
    errno = ERRNO_BEFORE;
    return bed->region == NULL ? Mem_Free(block) : Mem_RegionFree(bed->region, block);
}

void checked_free(const Bed *bed, void *block)
{
    if (block != NULL) {
        checked_pattern(bed, block);
    }
    if (free_on(bed, block) != 0) {
        ck_abort_msg("block %p could not be freed", block);
    }
    if (errno != ERRNO_BEFORE) {
        ck_abort_msg("freed, but errno was set to %d", errno);
    }
    if (block != NULL && !bed->is_shared && bed_size(bed, block) != 0) {
        ck_abort_msg("block %p is still in use", block);
    }
    checked_sound(bed);
}

void checked_refused(const Bed *bed, const void *pointer)
{
    uint64_t digest = bed_digest(bed);
    void *resized;

    if (free_on(bed, (void *)(uintptr_t)pointer) != -1 || errno != EINVAL) {
        ck_abort_msg("%p was freed", pointer);
    }
    errno = ERRNO_BEFORE;
    resized = bed->region == NULL ? Mem_Realloc((void *)(uintptr_t)pointer, 8)
                                  : Mem_RegionRealloc(bed->region, (void *)(uintptr_t)pointer, 8);
    if (resized != NULL || errno != EINVAL) {
        ck_abort_msg("%p was resized", pointer);
    }
    errno = ERRNO_BEFORE;
    if (bed_size(bed, pointer) != 0 || errno != EINVAL) {
        ck_abort_msg("%p has a size", pointer);
    }
    checked_sound(bed);
    if (bed_digest(bed) != digest) {
        ck_abort_msg("%p was refused, but blocks changed", pointer);
    }
}

void checked_empty(const Bed *bed)
{
    size_t whole = bed->capacity & ~(bed->alignment - 1);
    Mem_Stats stats = bed_stats(bed);
    void *block;

    ck_assert_uint_eq(stats.blocks_in_use, 0);
    ck_assert_uint_eq(stats.bytes_in_use, 0);
    ck_assert_uint_eq(stats.blocks_free, 1);
    ck_assert_uint_eq(stats.largest_free, stats.capacity);
    block = checked_alloc(bed, whole);
    ck_assert_ptr_eq(block, bed->first);
    checked_free(bed, block);
}
