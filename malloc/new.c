/* SPDX-License-Identifier: MIT
 *
 * C++'s operators in their plain forms: those that throw, and those that free. All others, in
 * new-forms.c, end in these. As in C++ libraries, memory comes from malloc().
 *
 * Written in C, so that the module needs no C++ library, and works with the program's. After a
 * failure, it asks that library whether there is a new handler, and to throw bad_alloc. */
#include "new.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "new-try.h"
#include "settings.h"

typedef void Handler(void);
typedef Handler *GetHandler(void);
typedef void ThrowBadAlloc(void);

/* A function pointer, and what dlsym() returns. */
typedef union Function {
    void *address;
    GetHandler *get_handler;
    ThrowBadAlloc *throw_bad_alloc;
} Function;

const volatile NewFamily new_family NEW_FILLED_IN = {malloc, aligned_alloc, free};

/* std::get_new_handler() and std::__throw_bad_alloc(), if the program has a C++ library. */
#define GET_HANDLER "_ZSt15get_new_handlerv"
#define THROW_BAD_ALLOC "_ZSt17__throw_bad_allocv"
extern GetHandler new_get_handler __asm__(GET_HANDLER) __attribute__((__weak__));
extern ThrowBadAlloc new_throw_bad_alloc __asm__(THROW_BAD_ALLOC) __attribute__((__weak__));

void *new_find_loaded(const char *name)
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
        function.address = new_find_loaded(GET_HANDLER);
    }
    return function.address == NULL ? NULL : function.get_handler();
}

bool new_has_handler(void)
{
    return get_handler() != NULL;
}

static void throw_bad_alloc(void)
{
    Function function = {.throw_bad_alloc = new_throw_bad_alloc};

    if (function.address == NULL) {
        function.address = new_find_loaded(THROW_BAD_ALLOC);
    }
    if (function.address != NULL) {
        function.throw_bad_alloc();
    }
    settings_complain("operator new: out of memory, and no C++ library to throw std::bad_alloc");
    abort();
}

/* Repeats after a failure: calls the new handler, which may make room, throw, or end the program,
 * until there is a block. Throws if there is no handler, or if the alignment is invalid, so that no
 * amount of room would do. */
static __attribute__((__noinline__)) void *new_after_failure(size_t size, size_t alignment)
{
    void *block = NULL;

    while (block == NULL) {
        Handler *handler = get_handler();

        if (handler == NULL || (alignment != 0 && !bits_is_power_of_two(alignment))) {
            throw_bad_alloc();
        }
        handler();
        block = new_try(size, alignment);
    }
    return block;
}

static ALWAYS_INLINE void *new_block(size_t size, size_t alignment)
{
    void *block = new_try(size, alignment);

    return LIKELY(block != NULL) ? block : new_after_failure(size, alignment);
}

void *new_here(size_t size)
{
    return new_block(size, 0);
}

void *new_aligned_here(size_t size, size_t alignment)
{
    return new_block(size, alignment);
}

void delete_one(void *pointer)
{
    new_free(pointer);
}

void delete_one_aligned(void *pointer, size_t alignment)
{
    (void)alignment;
    new_free(pointer);
}

/* The names that the program sees. */
void *new_one(size_t size) __attribute__((__alias__("new_here")));
void *new_one_aligned(size_t size, size_t alignment) __attribute__((__alias__("new_aligned_here")));
