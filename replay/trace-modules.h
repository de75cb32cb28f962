/* SPDX-License-Identifier: MIT
 *
 * Modules: files mapped into the program, according to rare events. */
#ifndef MEM_REPLAY_TRACE_MODULES_H
#define MEM_REPLAY_TRACE_MODULES_H

#include "replay/trace-bytes.h"

/* All 0: empty. */
typedef struct Modules {
    TraceModule *list; /* in the order in which they were loaded; each owns its path and build-id */
    size_t count;
    size_t room; /* of list: how many there is memory for */
} Modules;

/* Adds the module of an event, TRACE_MODULE_LOADED or _UNLOADED. An event added before changes
 * nothing. Returns false without memory. */
bool modules_enter(Modules *modules, const TraceEvent *event);

/* Writes the text of the rare event of a module, with a 0 at its end. Returns false without
 * memory. */
bool modules_tell(const TraceModule *module, Bytes *text);

const TraceModule *modules_find(const Modules *modules, uint64_t address, uint64_t event);
void modules_free(Modules *modules);

#endif
