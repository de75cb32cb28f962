/* SPDX-License-Identifier: MIT
 *
 * Loads libmem-record.so if LIBMEM_RECORD is set when the library is loaded. Never in programs that
 * run with other rights than those of who started them: for these, environment_get has nothing. */
#include <dlfcn.h>
#include <stdio.h>

#include "os/environment.h"
#include "region/hook.h"

/* Programs that are linked with libmem.a need not have it. */
#pragma weak dlopen
#pragma weak dlsym

/* A function, and what dlsym() returns. */
typedef union Function {
    void *address;
    HookFind *find;
} Function;

/* Makes tests find a module that is not installed. */
static const char *module_path(void)
{
    const char *path = environment_get("LIBMEM_RECORD_MODULE");

    return path != NULL ? path : RECORD_MODULE;
}

static void load(void)
{
    void *module = dlopen(module_path(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    Function function = {.address = module == NULL ? NULL : dlsym(module, HOOK_SYMBOL)};

    if (function.address == NULL) {
        fprintf(stderr, "libmem: not recorded: %s: not found; it is part of libmem's tools\n",
                module_path());
        return;
    }
    hook_used = function.find(&hook_used);
}

__attribute__((__constructor__)) static void load_if_wanted(void)
{
    if (environment_get("LIBMEM_RECORD") != NULL && &dlopen != NULL && &dlsym != NULL) {
        load();
    }
}
