/* SPDX-License-Identifier: MIT
 *
 * Finds the functions that this module wraps. */
#ifndef MEM_MALLOC_NEXT_H
#define MEM_MALLOC_NEXT_H

#include <dlfcn.h>
#include <stddef.h>

#include "base/bits.h"

/* Returns the function that the program would call without this module, or NULL. It is kept in *next. */
static inline void *next_find(void **next, const char *name)
{
    void *found = __atomic_load_n(next, __ATOMIC_RELAXED);

    if (UNLIKELY(found == NULL)) {
        found = dlsym(RTLD_NEXT, name);
        __atomic_store_n(next, found, __ATOMIC_RELAXED);
    }
    return found;
}

#endif
