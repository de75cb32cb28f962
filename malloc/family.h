/* SPDX-License-Identifier: MIT
 *
 * The functions that the module replaces, and declarations that no header of the C library has. */
#ifndef MEM_MALLOC_FAMILY_H
#define MEM_MALLOC_FAMILY_H

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/bits.h"

/* Exports a function; all others are hidden. */
#define EXPORT __attribute__((__visibility__("default")))

/* Makes a function an alias of another one, with its attributes, since some compilers warn if they
 * differ. */
#if __has_attribute(__copy__)
#define SAME_AS(function) __attribute__((__alias__(#function), __copy__(function)))
#else
#define SAME_AS(function) __attribute__((__alias__(#function)))
#endif

/* From old C libraries; programs built with them still call it. */
void cfree(void *pointer);

/* From C23. */
void free_sized(void *pointer, size_t size);
void free_aligned_sized(void *pointer, size_t alignment, size_t size);

/* glibc's other names for the same functions, which some programs call. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
void __libc_free(void *pointer);
int __libc_mallopt(int parameter, int value);
struct mallinfo __libc_mallinfo(void);

/* The module's own functions, even if the program defines functions of the names without
 * family_. */
HIDDEN void *family_malloc(size_t size);
HIDDEN void *family_aligned_alloc(size_t alignment, size_t size);
HIDDEN void family_free(void *pointer);

#endif
