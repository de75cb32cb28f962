/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <string.h>

/* Bytes up to which a block is taken the short way and then cleared, whatever it held. */
enum { CLEARED_AT_ONCE = 1024 };

/* Bytes of the largest block in a magazine. */
enum { PATH_SMALL = CACHED_MAX * UNIT_BYTES };

Mem_Region *path_region(void)
{
    Mem_Region *region = start_get_region();

    return LIKELY(region != NULL) ? region : start_make_region();
}

/* What has to be done after a call that may have taken a large block. */
static void *note_taken(Mem_Region *region, void *block, size_t size)
{
    if (size >= TRIM_BLOCK) {
        trim_note(region);
    }
    return block;
}

void *path_alloc_slowly(size_t size)
{
    Mem_Region *region = path_region();

    return region == NULL ? NULL : note_taken(region, Mem_RegionAlloc(region, size), size);
}

void path_free_slowly(void *pointer)
{
    Mem_Region *region;

    if (pointer == NULL) {
        return;
    }
    region = path_region();
    if (region == NULL) {
        return; /* nothing was ever handed out */
    }
    Mem_RegionFree(region, pointer);
    if (trim_is_worth_a_look(region)) {
        trim_look(region);
    }
}

void *path_alloc_aligned(size_t alignment, size_t size)
{
    Mem_Region *region;

    if (alignment <= UNIT_BYTES) { /* as every block */
        return path_alloc(size);
    }
    region = path_region();

    return region == NULL
               ? NULL
               : note_taken(region, Mem_RegionAlignedAlloc(region, alignment, size), size);
}

void *path_calloc(size_t count, size_t size)
{
    Mem_Region *region;
    size_t bytes = 0;

    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= CLEARED_AT_ONCE) {
        void *block = path_alloc(bytes);

        return block == NULL ? NULL : memset(block, 0, bytes);
    }
    region = path_region();
    return region == NULL ? NULL : note_taken(region, Mem_RegionCalloc(region, count, size), bytes);
}

/* A block from a magazine, or NULL: that is no failure, and nobody is asked for more. */
static void *alloc_ready(size_t size)
{
    Region *region = region_of(start_region);
    size_t units = fast_units((Link *)(void *)start_region, size);
    size_t block;

    if (units > region->cached) {
        return NULL;
    }
    block = cached_pop(region_slot(region), units);
    if (block == 0) {
        block = cached_take(region, units);
    }
    if (block == 0) {
        return NULL;
    }
    *region_word(region, block) = 0;
    return region_word(region, block);
}

/* Moves a block into one from a magazine, if it was and will be so small: that takes less time than to
 * find out whether it could stay. NULL: nothing was done. */
static void *move_small(void *pointer, size_t size)
{
    size_t old = path_size(pointer);
    void *block;

    if (old - 1 >= PATH_SMALL || size > PATH_SMALL || path_units(old) == path_units(size)) {
        return NULL;
    }
    block = alloc_ready(size);
    if (block != NULL) {
        memcpy(block, pointer, old < size ? old : size);
        path_free(pointer);
    }
    return block;
}

void *path_resize(void *pointer, size_t size)
{
    Mem_Region *region = path_region();
    void *block;

    if (region == NULL) {
        return NULL;
    }
    block = move_small(pointer, size);
    if (block != NULL) {
        return block;
    }
    block = note_taken(region, Mem_RegionRealloc(region, pointer, size), size);
    if (trim_is_worth_a_look(region)) {
        trim_look(region);
    }
    return block;
}

size_t path_size(const void *pointer)
{
    Mem_Region *region = path_region();
    int saved = errno;
    size_t size = region == NULL ? 0 : Mem_RegionSize(region, pointer);

    errno = saved;
    return size;
}
