/* SPDX-License-Identifier: MIT
 *
 * The modules of an imported file, with the build-ids of the files that have these paths now. */
#ifndef MEM_REPLAY_IMPORT_MODULES_H
#define MEM_REPLAY_IMPORT_MODULES_H

#include "replay/import-events.h"

typedef struct ImportModule {
    char *path;
    uint64_t start, bytes; /* of addresses */
    uint64_t bias;         /* an address less this is that in the file */
    bool is_loaded;        /* the trace says so */
    bool is_listed;        /* in the list that is being read */
} ImportModule;

typedef struct ImportModules {
    ImportModule *list;
    size_t count;
} ImportModules;

void import_modules_free(ImportModules *modules);

/* Records in the trace that a module is loaded, unless it is there. Returns false as in
 * import-events.h. */
bool import_modules_load(ImportModules *modules, Import *import, const ImportModule *module);

/* Begin and end a list of all modules. A module that is missing from it was unloaded. */
void import_modules_begin(ImportModules *modules);
bool import_modules_end(ImportModules *modules, Import *import);

/* Returns the file of a path without the process's working directory. The caller frees it; NULL: no
 * memory. */
char *import_modules_path(const char *path);

#endif
