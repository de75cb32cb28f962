/* SPDX-License-Identifier: MIT
 *
 * dlopen() and dlmopen() without RTLD_DEEPBIND. A library loaded with that flag finds functions in
 * its own dependencies before those of the program. It would allocate from the C library's heap,
 * and blocks of one heap would be freed to the other. LIBMEM_DEEPBIND=1 lets the flag through. */
#include <dlfcn.h>
#include <stdlib.h>

#include "family.h"
#include "next.h"
#include "settings.h"

/* The C library looks at the caller: it searches the caller's RUNPATH, and loads into the caller's
 * namespace. So the call must be a jump, in every build, which makes the program the caller. */
#if __has_attribute(__musttail__)
#define JUMP __attribute__((__musttail__)) return
#define JUMPS
#else
#define JUMP return
#define JUMPS __attribute__((__optimize__("O2", "optimize-sibling-calls")))
#endif

typedef void *Open(const char *file, int mode);
typedef void *OpenIn(Lmid_t namespace, const char *file, int mode);

/* A function pointer, and what dlsym() returns. */
typedef union Function {
    void *address;
    Open *open;
    OpenIn *open_in;
} Function;

/* Bits to clear in a mode. */
static int taken_away = RTLD_DEEPBIND;

/* Finds the function that would be called without the module. */
static __attribute__((__noinline__)) Function find_next(void **found, const char *name)
{
    Function function = {.address = next_find(found, name)};

    if (function.address == NULL) {
        settings_complain("function %s() not found", name);
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
