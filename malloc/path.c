/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <string.h>

#include "ahead.h"
#include "api/free.h"

/* Bytes up to which calloc() takes a block the short way and clears it, whatever it held. */
enum { CLEARED_AT_ONCE = 1024 };

Mem_Region *path_region(void)
{
    Mem_Region *region = start_get_region();

    return LIKELY(region != NULL) ? region : start_make_region();
}

/* Does what is due after a call that may have taken a large block, or fresh memory. */
static void *note_taken(Mem_Region *region, void *block, size_t size)
{
    if (size >= TRIM_BLOCK) {
        trim_note(region);
    }
    if (ahead_is_due(region)) {
        ahead_get(region, size);
    }
    if (trim_is_worth_a_look(region)) {
        trim_look(region);
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
    free_slowly(region, fast_position((const Link *)(void *)region, pointer));
    if (trim_is_worth_a_look(region)) {
        trim_look(region);
    }
}

void *path_alloc_aligned(size_t alignment, size_t size)
{
    Mem_Region *region;

    if (alignment <= UNIT_BYTES && bits_is_power_of_two(alignment)) { /* as every block is */
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

void *path_resize(void *pointer, size_t size)
{
    Mem_Region *region = path_region();

    return region == NULL ? NULL
                          : note_taken(region, Mem_RegionRealloc(region, pointer, size), size);
}

/* Returns the size of a block the general way. */
static size_t size_slowly(const void *pointer)
{
    Mem_Region *region = path_region();
    int saved = errno;
    size_t size = region == NULL ? 0 : Mem_RegionSize(region, pointer);

    errno = saved;
    return size;
}

size_t path_size(const void *pointer)
{
    size_t units;

    return caches_find(region_of(start_peek()), pointer, &units) && units != 0
               ? units * UNIT_BYTES
               : size_slowly(pointer);
}
