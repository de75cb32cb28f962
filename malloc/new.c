/* SPDX-License-Identifier: MIT
 *
 * Written in C, so that the module needs no C++ library, and works with whichever one the program has.
 * Only what C++ says of a failure is asked of that library: whether there is a new handler, and to
 * throw bad_alloc. */
#include "new.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

#include "path.h"
#include "settings.h"

typedef void Handler(void);
typedef Handler *GetHandler(void);
typedef void ThrowBadAlloc(void);
typedef void *NewNothrow(size_t size, Nothrow nothrow);
typedef void *NewAlignedNothrow(size_t size, size_t alignment, Nothrow nothrow);

/* A function, and what dlsym() returns. */
typedef union Function {
    void *address;
    GetHandler *get_handler;
    ThrowBadAlloc *throw_bad_alloc;
    NewNothrow *new_nothrow;
    NewAlignedNothrow *new_aligned_nothrow;
} Function;

/* std::get_new_handler() and std::__throw_bad_alloc(), if the program has a C++ library. */
#define GET_HANDLER "_ZSt15get_new_handlerv"
#define THROW_BAD_ALLOC "_ZSt17__throw_bad_allocv"
extern GetHandler new_get_handler __asm__(GET_HANDLER) __attribute__((__weak__));
extern ThrowBadAlloc new_throw_bad_alloc __asm__(THROW_BAD_ALLOC) __attribute__((__weak__));

/* Finds a function of a C++ library that a plug-in brought with it, out of sight for others. */
static void *find_loaded(const char *name)
{
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
    void *address;

    if (library == NULL) {
        return NULL;
    }
    address = dlsym(library, name);
    dlclose(library);
    return address;
}

static Handler *get_handler(void)
{
    Function function = {.get_handler = new_get_handler};

    if (function.address == NULL) {
        function.address = find_loaded(GET_HANDLER);
    }
    return function.address == NULL ? NULL : function.get_handler();
}

static void throw_bad_alloc(void)
{
    Function function = {.throw_bad_alloc = new_throw_bad_alloc};

    if (function.address == NULL) {
        function.address = find_loaded(THROW_BAD_ALLOC);
    }
    if (function.address != NULL) {
        function.throw_bad_alloc();
    }
    settings_complain("operator new: out of memory, and no C++ library to throw std::bad_alloc");
    abort();
}

/* A block; alignment 0: that which all blocks have. What is no alignment fails, too. */
static ALWAYS_INLINE void *try_new(size_t size, size_t alignment)
{
    return alignment == 0 ? path_alloc(size) : path_alloc_aligned(alignment, size);
}

/* After a failure: calls the new handler, which may make room, throw, or end the program, until the
 * block can be had. Throws if there is no handler; or if what was asked for is no alignment, for which no
 * room is enough. */
static __attribute__((__noinline__)) void *new_after_failure(size_t size, size_t alignment)
{
    void *block = NULL;

    while (block == NULL) {
        Handler *handler = get_handler();

        if (handler == NULL || (alignment != 0 && !bits_is_power_of_two(alignment))) {
            throw_bad_alloc();
        }
        handler();
        block = try_new(size, alignment);
    }
    return block;
}

static ALWAYS_INLINE void *new_block(size_t size, size_t alignment)
{
    void *block = try_new(size, alignment);

    return LIKELY(block != NULL) ? block : new_after_failure(size, alignment);
}

/* The forms that do not throw must catch what a handler throws, and C can't. So where there is a
 * handler, the C++ library's own form of the operator is called, which comes back to those above. */
static __attribute__((__noinline__)) void *nothrow_after_failure(const char *name, size_t size,
                                                                 size_t alignment, Nothrow nothrow)
{
    Function next = {.address = NULL};

    if (get_handler() != NULL) {
        next.address = dlsym(RTLD_NEXT, name);
    }
    if (next.address == NULL) {
        return NULL;
    }
    return alignment == 0 ? next.new_nothrow(size, nothrow)
                          : next.new_aligned_nothrow(size, alignment, nothrow);
}

static ALWAYS_INLINE void *new_block_nothrow(const char *name, size_t size, size_t alignment,
                                             Nothrow nothrow)
{
    void *block = try_new(size, alignment);

    return LIKELY(block != NULL) ? block : nothrow_after_failure(name, size, alignment, nothrow);
}

void *new_one(size_t size)
{
    return new_block(size, 0);
}

void *new_one_nothrow(size_t size, Nothrow nothrow)
{
    return new_block_nothrow(NEW_ NOTHROW_, size, 0, nothrow);
}

void *new_one_aligned(size_t size, size_t alignment)
{
    return new_block(size, alignment);
}

void *new_one_aligned_nothrow(size_t size, size_t alignment, Nothrow nothrow)
{
    return new_block_nothrow(NEW_ ALIGNED_ NOTHROW_, size, alignment, nothrow);
}

void *new_array(size_t size)
{
    return new_block(size, 0);
}

void *new_array_nothrow(size_t size, Nothrow nothrow)
{
    return new_block_nothrow(NEW_ARRAY_ NOTHROW_, size, 0, nothrow);
}

void *new_array_aligned(size_t size, size_t alignment)
{
    return new_block(size, alignment);
}

void *new_array_aligned_nothrow(size_t size, size_t alignment, Nothrow nothrow)
{
    return new_block_nothrow(NEW_ARRAY_ ALIGNED_ NOTHROW_, size, alignment, nothrow);
}

void delete_one(void *pointer)
{
    path_free(pointer);
}

void delete_one_nothrow(void *pointer, Nothrow nothrow)
{
    (void)nothrow;
    path_free(pointer);
}

void delete_one_sized(void *pointer, size_t size)
{
    (void)size;
    path_free(pointer);
}

void delete_one_aligned(void *pointer, size_t alignment)
{
    (void)alignment;
    path_free(pointer);
}

void delete_one_aligned_nothrow(void *pointer, size_t alignment, Nothrow nothrow)
{
    (void)alignment;
    (void)nothrow;
    path_free(pointer);
}

void delete_one_sized_aligned(void *pointer, size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    path_free(pointer);
}

void delete_array(void *pointer)
{
    path_free(pointer);
}

void delete_array_nothrow(void *pointer, Nothrow nothrow)
{
    (void)nothrow;
    path_free(pointer);
}

void delete_array_sized(void *pointer, size_t size)
{
    (void)size;
    path_free(pointer);
}

void delete_array_aligned(void *pointer, size_t alignment)
{
    (void)alignment;
    path_free(pointer);
}

void delete_array_aligned_nothrow(void *pointer, size_t alignment, Nothrow nothrow)
{
    (void)alignment;
    (void)nothrow;
    path_free(pointer);
}

void delete_array_sized_aligned(void *pointer, size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    path_free(pointer);
}
