/* SPDX-License-Identifier: MIT
 *
 * What the module takes the place of, and declarations that no header of the C
 * library has. */
#ifndef MEM_MALLOC_FAMILY_H
#define MEM_MALLOC_FAMILY_H

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

/* What is seen from outside; all else is hidden. */
#define EXPORT __attribute__((__visibility__("default")))

/* Of old C libraries; still called by what was built with them. */
void cfree(void *pointer);

/* Of C23. */
void free_sized(void *pointer, size_t size);
void free_aligned_sized(void *pointer, size_t alignment, size_t size);

#endif
