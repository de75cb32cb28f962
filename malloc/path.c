/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <string.h>

/* Bytes up to which a block is taken the short way and then cleared, whatever it held. */
enum { CLEARED_AT_ONCE = 1024 };

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
    Mem_Region *region = path_region();

    return region == NULL
               ? NULL
               : note_taken(region, Mem_RegionAlignedAlloc(region, alignment, size), size);
}

void *path_calloc(size_t count, size_t size)
{
    size_t bytes;
    Mem_Region *region;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        bytes = SIZE_MAX; /* which fails, and is counted */
    }
    if (bytes <= CLEARED_AT_ONCE) {
        void *block = path_alloc(bytes);

        return block == NULL ? NULL : memset(block, 0, bytes);
    }
    region = path_region();
    return region == NULL ? NULL : note_taken(region, Mem_RegionCalloc(region, 1, bytes), bytes);
}

void *path_resize(void *pointer, size_t size)
{
    Mem_Region *region = path_region();
    void *block;

    if (region == NULL) {
        return NULL;
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
