/* SPDX-License-Identifier: MIT
 *
 * dlopen() and dlmopen() without RTLD_DEEPBIND. What is loaded with that flag finds the functions of the libraries
 * that it needs before those of the program: it would allocate from the C library's heap, and what one heap
 * allocates, the other is asked to free. LIBMEM_DEEPBIND=1 lets the flag through. */
#include <dlfcn.h>
#include <stdlib.h>

#include "family.h"
#include "settings.h"

/* The C library looks at who calls: a library is searched for where the caller's RUNPATH says, and loaded into the
 * caller's namespace. So the call must be a jump, in every build: the caller is then the program. */
#if __has_attribute(__musttail__)
#define JUMP __attribute__((__musttail__)) return
#define JUMPS
#else
#define JUMP return
#define JUMPS __attribute__((__optimize__("O2", "optimize-sibling-calls")))
#endif

typedef void *Open(const char *file, int mode);
typedef void *OpenIn(Lmid_t namespace, const char *file, int mode);

/* A function, and what dlsym() returns. */
typedef union Function {
    void *address;
    Open *open;
    OpenIn *open_in;
} Function;

/* Bits of a mode that are taken away. */
static int taken_away = RTLD_DEEPBIND;

/* Finds the function that would be called without the module. */
static __attribute__((__noinline__)) Function find_next(void **found, const char *name)
{
    Function function = {.address = __atomic_load_n(found, __ATOMIC_RELAXED)};

    if (function.address == NULL) {
        function.address = dlsym(RTLD_NEXT, name);
        __atomic_store_n(found, function.address, __ATOMIC_RELAXED);
    }
    if (function.address == NULL) {
        settings_complain("there is no %s()", name);
        abort();
    }
    return function;
}

EXPORT JUMPS void *dlopen(const char *file, int mode)
{
    static void *found;
    Open *next = find_next(&found, "dlopen").open;

    JUMP next(file, mode & ~taken_away);
}

EXPORT JUMPS void *dlmopen(Lmid_t namespace, const char *file, int mode)
{
    static void *found;
    OpenIn *next = find_next(&found, "dlmopen").open_in;

    JUMP next(namespace, file, mode & ~taken_away);
}

__attribute__((__constructor__)) static void read_setting(void)
{
    if (settings_keep_deepbind()) {
        taken_away = 0;
    }
}
