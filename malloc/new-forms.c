/* SPDX-License-Identifier: MIT
 *
 * C++'s operators new and delete in all but the plain forms. A program may define any of them. The
 * C++ standard (C++20, 17.6.3) says that each other form calls the plainer one, the program's if it
 * has one:
 *
 *   array    => one          nothrow  => throwing
 *   sized    => unsized      aligned  => aligned, in each of these
 *
 * So a block is freed by the delete that matches its new. */
#include <dlfcn.h>

#include "new-try.h"
#include "new.h"

/* The forms that others call; the program's, if it defines them. */
static const volatile struct {
    void *(*one)(size_t size);
    void *(*array)(size_t size);
    void *(*one_aligned)(size_t size, size_t alignment);
    void *(*array_aligned)(size_t size, size_t alignment);
    void (*delete_one)(void *pointer);
    void (*delete_array)(void *pointer);
    void (*delete_one_aligned)(void *pointer, size_t alignment);
    void (*delete_array_aligned)(void *pointer, size_t alignment);
} program NEW_FILLED_IN = {new_one,    new_array,    new_one_aligned,    new_array_aligned,
                           delete_one, delete_array, delete_one_aligned, delete_array_aligned};

void *new_array_here(size_t size)
{
    return program.one(size);
}

void *new_array_aligned_here(size_t size, size_t alignment)
{
    return program.one_aligned(size, alignment);
}

/* The names that the program sees. */
void *new_array(size_t size) __attribute__((__alias__("new_array_here")));
void *new_array_aligned(size_t size, size_t alignment)
    __attribute__((__alias__("new_array_aligned_here")));

/* ------------------------------------------------------------------------------------------------
 * Forms that do not throw
 * --------------------------------------------------------------------------------------------- */

typedef enum Form { ONE, ARRAY, ONE_ALIGNED, ARRAY_ALIGNED } Form;

/* A function pointer, and what dlsym() returns. */
typedef union Function {
    void *address;
    void *(*plain)(size_t size, Nothrow nothrow);
    void *(*aligned)(size_t size, size_t alignment, Nothrow nothrow);
} Function;

/* Returns the C++ library's own form; NULL: none. */
static Function find_in_library(Form form)
{
    static const char *const names[] = {NEW_ NOTHROW_, NEW_ARRAY_ NOTHROW_, NEW_ ALIGNED_ NOTHROW_,
                                        NEW_ARRAY_ ALIGNED_ NOTHROW_};
    static void *found[sizeof names / sizeof names[0]];
    Function function = {.address = __atomic_load_n(&found[form], __ATOMIC_RELAXED)};

    if (function.address == NULL) {
        function.address = dlsym(RTLD_NEXT, names[form]);
    }
    if (function.address == NULL) {
        function.address = new_find_loaded(names[form]);
    }
    __atomic_store_n(&found[form], function.address, __ATOMIC_RELAXED);
    return function;
}

/* Calls the throwing form, the program's if it defines one. */
static void *throwing(Form form, size_t size, size_t alignment)
{
    switch (form) {
    case ONE:
        return program.one(size);
    case ARRAY:
        return program.array(size);
    case ONE_ALIGNED:
        return program.one_aligned(size, alignment);
    default:
        return program.array_aligned(size, alignment);
    }
}

/* Calls the C++ library's own form, which calls the throwing one and catches exceptions of a
 * handler or of the program's operator. C cannot catch. */
static __attribute__((__noinline__)) void *by_library(Form form, size_t size, size_t alignment,
                                                      Nothrow nothrow)
{
    Function library = find_in_library(form);

    if (library.address == NULL) {
        return throwing(form, size, alignment);
    }
    return form == ONE || form == ARRAY ? library.plain(size, nothrow)
                                        : library.aligned(size, alignment, nothrow);
}

/* Returns whether the throwing form is the module's own. */
static ALWAYS_INLINE bool is_here(Form form)
{
    switch (form) {
    case ARRAY:
        return program.array == new_array_here && program.one == new_here;
    case ONE:
        return program.one == new_here;
    case ARRAY_ALIGNED:
        return program.array_aligned == new_array_aligned_here &&
               program.one_aligned == new_aligned_here;
    default:
        return program.one_aligned == new_aligned_here;
    }
}

static ALWAYS_INLINE void *new_nothrow(Form form, size_t size, size_t alignment, Nothrow nothrow)
{
    void *block;

    if (UNLIKELY(!is_here(form))) {
        return by_library(form, size, alignment, nothrow);
    }
    block = new_try(size, alignment);
    if (UNLIKELY(block == NULL) && new_has_handler()) {
        block = by_library(form, size, alignment, nothrow);
    }
    return block;
}

void *new_one_nothrow(size_t size, Nothrow nothrow)
{
    return new_nothrow(ONE, size, 0, nothrow);
}

void *new_array_nothrow(size_t size, Nothrow nothrow)
{
    return new_nothrow(ARRAY, size, 0, nothrow);
}

void *new_one_aligned_nothrow(size_t size, size_t alignment, Nothrow nothrow)
{
    return new_nothrow(ONE_ALIGNED, size, alignment, nothrow);
}

void *new_array_aligned_nothrow(size_t size, size_t alignment, Nothrow nothrow)
{
    return new_nothrow(ARRAY_ALIGNED, size, alignment, nothrow);
}

/* ------------------------------------------------------------------------------------------------
 * delete
 * --------------------------------------------------------------------------------------------- */

void delete_one_nothrow(void *pointer, Nothrow nothrow)
{
    (void)nothrow;
    program.delete_one(pointer);
}

void delete_one_sized(void *pointer, size_t size)
{
    (void)size;
    program.delete_one(pointer);
}

void delete_one_aligned_nothrow(void *pointer, size_t alignment, Nothrow nothrow)
{
    (void)nothrow;
    program.delete_one_aligned(pointer, alignment);
}

void delete_one_sized_aligned(void *pointer, size_t size, size_t alignment)
{
    (void)size;
    program.delete_one_aligned(pointer, alignment);
}

void delete_array(void *pointer)
{
    program.delete_one(pointer);
}

void delete_array_nothrow(void *pointer, Nothrow nothrow)
{
    (void)nothrow;
    program.delete_array(pointer);
}

void delete_array_sized(void *pointer, size_t size)
{
    (void)size;
    program.delete_array(pointer);
}

void delete_array_aligned(void *pointer, size_t alignment)
{
    program.delete_one_aligned(pointer, alignment);
}

void delete_array_aligned_nothrow(void *pointer, size_t alignment, Nothrow nothrow)
{
    (void)nothrow;
    program.delete_array_aligned(pointer, alignment);
}

void delete_array_sized_aligned(void *pointer, size_t size, size_t alignment)
{
    (void)size;
    program.delete_array_aligned(pointer, alignment);
}
