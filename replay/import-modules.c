/* SPDX-License-Identifier: MIT */
#include "replay/import-modules.h"

#include <stdlib.h>
#include <string.h>

#include "replay/symbols-file.h"

void import_modules_free(ImportModules *modules)
{
    for (size_t i = 0; i < modules->count; i++)
        free(modules->list[i].path);
    free(modules->list);
}

char *import_modules_path(const char *path)
{
    char *real = path[0] == '/' ? NULL : realpath(path, NULL);

    return real != NULL ? real : strdup(path);
}

static bool is_same(const ImportModule *a, const ImportModule *b)
{
    return a->start == b->start && a->bytes == b->bytes && a->bias == b->bias &&
           strcmp(a->path, b->path) == 0;
}

static bool tell(Import *import, ImportModule *module)
{
    SymbolsIdentity identity = {.build_id_bytes = 0};

    symbols_file_identify(module->path, &identity);
    module->is_loaded = module->is_listed = true;
    return trace_write_module(import->writer,
                              &(TraceModule){.start = module->start,
                                             .bytes = module->bytes,
                                             .bias = module->bias,
                                             .path = module->path,
                                             .build_id = identity.build_id,
                                             .build_id_bytes = identity.build_id_bytes});
}

bool import_modules_load(ImportModules *modules, Import *import, const ImportModule *module)
{
    for (size_t i = 0; i < modules->count; i++)
        if (modules->list[i].is_loaded && is_same(&modules->list[i], module)) {
            modules->list[i].is_listed = true;
            return true;
        }

    ImportModule *list = realloc(modules->list, (modules->count + 1) * sizeof *list);
    if (list == NULL)
        return import_no_memory(import);
    modules->list = list;
    list[modules->count] = *module;
    list[modules->count].path = strdup(module->path);
    if (list[modules->count].path == NULL)
        return import_no_memory(import);
    return tell(import, &list[modules->count++]);
}

void import_modules_begin(ImportModules *modules)
{
    for (size_t i = 0; i < modules->count; i++)
        modules->list[i].is_listed = false;
}

bool import_modules_end(ImportModules *modules, Import *import)
{
    for (size_t i = 0; i < modules->count; i++) {
        ImportModule *module = &modules->list[i];

        if (!module->is_loaded || module->is_listed)
            continue;
        module->is_loaded = false;
        if (!import_event(import, &(TraceEvent){.op = TRACE_RARE,
                                                .rare = TRACE_MODULE_UNLOADED,
                                                .a = module->start,
                                                .b = module->bytes,
                                                .text = ""}))
            return false;
    }
    return true;
}
