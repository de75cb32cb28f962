/* SPDX-License-Identifier: MIT
 *
 * The modules that an imported file tells of: with the build-ids of the files that have these paths now. */
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

/* Says in the trace that a module is loaded, unless it is there. False: as in import-events.h. */
bool import_modules_load(ImportModules *modules, Import *import, const ImportModule *module);

/* A list of all modules begins; and ends: modules that are not in it were unloaded. */
void import_modules_begin(ImportModules *modules);
bool import_modules_end(ImportModules *modules, Import *import);

/* The file of a path without the process's working directory. To be freed; NULL: no memory. */
char *import_modules_path(const char *path);

#endif
