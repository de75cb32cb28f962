/* SPDX-License-Identifier: MIT
 *
 * C++'s operators new and delete, as C functions under their mangled names. NEW_SIZE is the letter
 * for size_t in these, in quotes, as found by configure. */
#ifndef MEM_MALLOC_NEW_H
#define MEM_MALLOC_NEW_H

#include <stdbool.h>
#include <stddef.h>

#define NEW_ "_Znw" NEW_SIZE
#define NEW_ARRAY_ "_Zna" NEW_SIZE
#define DELETE_ "_ZdlPv"
#define DELETE_ARRAY_ "_ZdaPv"
#define ALIGNED_ "St11align_val_t"
#define NOTHROW_ "RKSt9nothrow_t"

/* const std::nothrow_t & */
typedef const struct Nothrow *Nothrow;

/* Marks an object that holds addresses of functions which the program may define, too. The loader
 * fills in the program's, and then makes it read-only. Such objects are volatile, or compilers
 * would assume the module's own functions. */
#define NEW_FILLED_IN __attribute__((__section__(".data.rel.ro")))

/* The plain forms of the module, even if the program defines its own. */
void *new_here(size_t size);
void *new_aligned_here(size_t size, size_t alignment);
void *new_array_here(size_t size);
void *new_array_aligned_here(size_t size, size_t alignment);

/* Returns whether the program has set a new handler. */
bool new_has_handler(void);

/* Finds a function of a C++ library that a plug-in has brought with it, and that others do not see;
 * or NULL. */
void *new_find_loaded(const char *name);

#pragma GCC visibility push(default)

void *new_one(size_t size) __asm__(NEW_);
void *new_one_nothrow(size_t size, Nothrow nothrow) __asm__(NEW_ NOTHROW_);
void *new_one_aligned(size_t size, size_t alignment) __asm__(NEW_ ALIGNED_);
void *new_one_aligned_nothrow(size_t size, size_t alignment,
                              Nothrow nothrow) __asm__(NEW_ ALIGNED_ NOTHROW_);

void *new_array(size_t size) __asm__(NEW_ARRAY_);
void *new_array_nothrow(size_t size, Nothrow nothrow) __asm__(NEW_ARRAY_ NOTHROW_);
void *new_array_aligned(size_t size, size_t alignment) __asm__(NEW_ARRAY_ ALIGNED_);
void *new_array_aligned_nothrow(size_t size, size_t alignment,
                                Nothrow nothrow) __asm__(NEW_ARRAY_ ALIGNED_ NOTHROW_);

void delete_one(void *pointer) __asm__(DELETE_);
void delete_one_nothrow(void *pointer, Nothrow nothrow) __asm__(DELETE_ NOTHROW_);
void delete_one_sized(void *pointer, size_t size) __asm__(DELETE_ NEW_SIZE);
void delete_one_aligned(void *pointer, size_t alignment) __asm__(DELETE_ ALIGNED_);
void delete_one_aligned_nothrow(void *pointer, size_t alignment,
                                Nothrow nothrow) __asm__(DELETE_ ALIGNED_ NOTHROW_);
void delete_one_sized_aligned(void *pointer, size_t size,
                              size_t alignment) __asm__(DELETE_ NEW_SIZE ALIGNED_);

void delete_array(void *pointer) __asm__(DELETE_ARRAY_);
void delete_array_nothrow(void *pointer, Nothrow nothrow) __asm__(DELETE_ARRAY_ NOTHROW_);
void delete_array_sized(void *pointer, size_t size) __asm__(DELETE_ARRAY_ NEW_SIZE);
void delete_array_aligned(void *pointer, size_t alignment) __asm__(DELETE_ARRAY_ ALIGNED_);
void delete_array_aligned_nothrow(void *pointer, size_t alignment,
                                  Nothrow nothrow) __asm__(DELETE_ARRAY_ ALIGNED_ NOTHROW_);
void delete_array_sized_aligned(void *pointer, size_t size,
                                size_t alignment) __asm__(DELETE_ARRAY_ NEW_SIZE ALIGNED_);

#pragma GCC visibility pop

#endif
