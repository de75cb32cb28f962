/* SPDX-License-Identifier: MIT
 *
 * Mem_OnFull, for malloc() and its like. A program that is linked with libmem.so means its own regions, too: the
 * function of that library is called as well. */
#include <dlfcn.h>

#include "family.h"
#include "region/full.h"

typedef void OnFull(Mem_FullHandler *handler, void *context);

/* A function, and the result of dlsym(). */
typedef union Function {
    void *address;
    OnFull *on_full;
} Function;

EXPORT void Mem_OnFull(Mem_FullHandler *handler, void *context)
{
    Function next = {.address = dlsym(RTLD_NEXT, "Mem_OnFull")};

    full_set_handler(handler, context);
    if (next.address != NULL) {
        next.on_full(handler, context);
    }
}
