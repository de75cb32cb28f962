/* SPDX-License-Identifier: MIT
 *
 * What the module takes the place of, and declarations that no header of the C
 * library has. */
#ifndef MEM_MALLOC_FAMILY_H
#define MEM_MALLOC_FAMILY_H

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/bits.h"

/* What is seen from outside; all else is hidden. */
#define EXPORT __attribute__((__visibility__("default")))

/* Another name of a function. With its attributes, where compilers would complain of those that are missing. */
#if __has_attribute(__copy__)
#define SAME_AS(function) __attribute__((__alias__(#function), __copy__(function)))
#else
#define SAME_AS(function) __attribute__((__alias__(#function)))
#endif

/* Of old C libraries; still called by what was built with them. */
void cfree(void *pointer);

/* Of C23. */
void free_sized(void *pointer, size_t size);
void free_aligned_sized(void *pointer, size_t alignment, size_t size);

/* Other names of glibc's, under which some programs call the same functions. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
void __libc_free(void *pointer);
int __libc_mallopt(int parameter, int value);
struct mallinfo __libc_mallinfo(void);

/* Those of this module, whatever the program has under the names without family_. */
HIDDEN void *family_malloc(size_t size);
HIDDEN void *family_aligned_alloc(size_t alignment, size_t size);
HIDDEN void family_free(void *pointer);

#endif
