/* SPDX-License-Identifier: MIT
 *
 * The functions that allocate and free, with the semantics of POSIX, C23 and glibc. Those that
 * report are in info.c, those of C++ in new.c. */
#include <errno.h>
#include <stdint.h>

#include "family.h"
#include "os/pages.h"
#include "path.h"
#include "region/misuse.h"

static void *fail(int error)
{
    errno = error;
    return NULL;
}

EXPORT void *malloc(size_t size)
{
    return path_alloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    return path_calloc(count, size);
}

EXPORT void free(void *pointer)
{
    path_free(pointer);
}

EXPORT void cfree(void *pointer)
{
    path_free(pointer);
}

/* Like glibc, frees the block for a size of 0. */
EXPORT void *realloc(void *pointer, size_t size)
{
    if (pointer == NULL) {
        return path_alloc(size);
    }
    if (size == 0) {
        path_free(pointer);
        return NULL;
    }
    return path_resize(pointer, size);
}

EXPORT void *reallocarray(void *pointer, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        bytes = SIZE_MAX; /* more than any region has, too */
    }
    return realloc(pointer, bytes);
}

/* Keeps errno, whatever it returns. */
EXPORT int posix_memalign(void **result, size_t alignment, size_t size)
{
    int saved = errno;
    void *block;

    if (!bits_is_power_of_two(alignment) || alignment % sizeof(void *) != 0) {
        return EINVAL;
    }
    block = path_alloc_aligned(alignment, size);
    errno = saved;
    if (block == NULL) {
        return ENOMEM;
    }
    *result = block;
    return 0;
}

/* Follows C17 and later: the size need not be a multiple of the alignment. */
EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return bits_is_power_of_two(alignment) ? path_alloc_aligned(alignment, size) : fail(EINVAL);
}

/* Like glibc, rounds other alignments up to a power of two. */
EXPORT void *memalign(size_t alignment, size_t size)
{
    if (alignment > SIZE_MAX / 2 + 1) {
        return fail(EINVAL);
    }
    if (alignment == 0) {
        alignment = 1;
    } else if (!bits_is_power_of_two(alignment)) {
        alignment = (size_t)2 << (sizeof(unsigned long) * 8 - 1 -
                                  (size_t)__builtin_clzl((unsigned long)alignment));
    }
    return path_alloc_aligned(alignment, size);
}

EXPORT void *valloc(size_t size)
{
    return path_alloc_aligned(pages_size(), size);
}

EXPORT void *pvalloc(size_t size)
{
    size_t page = pages_size();
    size_t rounded;

    if (__builtin_add_overflow(size, page - 1, &rounded)) {
        rounded = SIZE_MAX;
    }
    return path_alloc_aligned(page, rounded & ~(page - 1));
}

EXPORT size_t malloc_usable_size(void *pointer)
{
    return pointer == NULL ? 0 : path_size(pointer);
}

/* Reports a free with too large a size. Too small a size cannot be told from the right one with
 * certainty. A pointer to no block is left to free(). */
static void check_size(const void *pointer, size_t size)
{
    size_t usable = path_size(pointer);

    if (UNLIKELY(size > usable) && usable != 0) {
        Mem_Misuse misuse = {.sentence = "the freed block is smaller than the given size",
                             .pointer = pointer,
                             .region = start_get_region(),
                             .block = pointer,
                             .block_size = usable,
                             .block_in_use = 1};

        misuse_report(&misuse);
    }
}

EXPORT void free_sized(void *pointer, size_t size)
{
    if (pointer != NULL) {
        check_size(pointer, size);
        free(pointer); /* the program's own, if it has one */
    }
}

EXPORT void free_aligned_sized(void *pointer, size_t alignment, size_t size)
{
    (void)alignment;
    free_sized(pointer, size);
}

/* ------------------------------------------------------------------------------------------------
 * Other names of the same functions
 * --------------------------------------------------------------------------------------------- */

EXPORT void *__libc_malloc(size_t size) SAME_AS(malloc);
EXPORT void *__libc_calloc(size_t count, size_t size) SAME_AS(calloc);
EXPORT void *__libc_realloc(void *pointer, size_t size) SAME_AS(realloc);
EXPORT void *__libc_memalign(size_t alignment, size_t size) SAME_AS(memalign);
EXPORT void *__libc_valloc(size_t size) SAME_AS(valloc);
EXPORT void *__libc_pvalloc(size_t size) SAME_AS(pvalloc);
EXPORT void __libc_free(void *pointer) SAME_AS(free);

void *family_malloc(size_t size) SAME_AS(malloc);
void *family_aligned_alloc(size_t alignment, size_t size) SAME_AS(aligned_alloc);
void family_free(void *pointer) SAME_AS(free);
