/* SPDX-License-Identifier: MIT
 *
 * The memory of C++'s operators: as in C++ libraries, from malloc() and free(), which may be the
 * program's own. Usually they are the module's, and then the calls take the same short way. */
#ifndef MEM_MALLOC_NEW_TRY_H
#define MEM_MALLOC_NEW_TRY_H

#include "family.h"
#include "path.h"

/* The malloc(), aligned_alloc() and free() that the program calls; filled in by the loader. */
typedef struct NewFamily {
    void *(*alloc)(size_t size);
    void *(*alloc_aligned)(size_t alignment, size_t size);
    void (*free)(void *pointer);
} NewFamily;

extern HIDDEN const volatile NewFamily new_family;

/* Rounds a size up to a multiple of the alignment, as C++ libraries do: every aligned_alloc()
 * accepts that. */
static inline size_t new_round_up(size_t size, size_t alignment)
{
    size_t rounded = (size + alignment - 1) & ~(alignment - 1);

    return rounded < size ? size : rounded;
}

/* Returns a block, or NULL. alignment 0: that of all blocks. Fails for an invalid alignment. */
static ALWAYS_INLINE void *new_try(size_t size, size_t alignment)
{
    if (alignment == 0) {
        return LIKELY(new_family.alloc == family_malloc) ? path_alloc(size)
                                                         : new_family.alloc(size + (size == 0));
    }
    if (LIKELY(new_family.alloc_aligned == family_aligned_alloc)) {
        return path_alloc_aligned(alignment, size);
    }
    return bits_is_power_of_two(alignment)
               ? new_family.alloc_aligned(alignment, new_round_up(size + (size == 0), alignment))
               : NULL;
}

static ALWAYS_INLINE void new_free(void *pointer)
{
    if (LIKELY(new_family.free == family_free)) {
        path_free(pointer);
    } else {
        new_family.free(pointer);
    }
}

#endif
