/* SPDX-License-Identifier: MIT */
#include "path.h"

#include "ahead.h"
#include "api/free.h"

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

void *path_alloc_in(Mem_Region *region, size_t size)
{
    return note_taken(region, Mem_RegionAlloc(region, size), size);
}

void *path_alloc_aligned_in(Mem_Region *region, size_t alignment, size_t size)
{
    return note_taken(region, Mem_RegionAlignedAlloc(region, alignment, size), size);
}

void *path_calloc_in(Mem_Region *region, size_t count, size_t size)
{
    size_t bytes = 0;

    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= PATH_CLEARED) {
        void *block = path_alloc_in(region, bytes);

        return block == NULL ? NULL : memset(block, 0, bytes);
    }
    return note_taken(region, Mem_RegionCalloc(region, count, size), bytes);
}

void *path_resize_in(Mem_Region *region, void *pointer, size_t size)
{
    return note_taken(region, Mem_RegionRealloc(region, pointer, size), size);
}

void path_free_in(Mem_Region *region, void *pointer)
{
    free_slowly(region, fast_position((const Link *)(void *)region, pointer));
    if (trim_is_worth_a_look(region)) {
        trim_look(region);
    }
}

void *path_alloc_slowly(size_t size, const void *caller)
{
    Mem_Region *region = start_get_short();

    return UNLIKELY(region == NULL) ? recorded_alloc(size, caller) : path_alloc_in(region, size);
}

void *path_calloc_slowly(size_t count, size_t size, const void *caller)
{
    Mem_Region *region = start_get_short();

    return UNLIKELY(region == NULL) ? recorded_calloc(count, size, caller)
                                    : path_calloc_in(region, count, size);
}

void path_free_slowly(void *pointer, const void *caller)
{
    Mem_Region *region;

    if (pointer == NULL) {
        return;
    }
    region = start_get_short();
    if (UNLIKELY(region == NULL)) {
        recorded_free(pointer, caller);
    } else {
        path_free_in(region, pointer);
    }
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
