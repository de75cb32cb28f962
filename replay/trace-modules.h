/* SPDX-License-Identifier: MIT
 *
 * Modules: files that were mapped into the program, as rare events tell of them. */
#ifndef MEM_REPLAY_TRACE_MODULES_H
#define MEM_REPLAY_TRACE_MODULES_H

#include "replay/trace-bytes.h"

/* All 0: empty. */
typedef struct Modules {
    TraceModule *list; /* in the order in which they were loaded; each owns its path and build-id */
    size_t count;
    size_t room; /* of list: how many there is memory for */
} Modules;

/* Enters what an event tells: TRACE_MODULE_LOADED or _UNLOADED. An event that was entered before changes nothing.
 * False: no memory. */
bool modules_enter(Modules *modules, const TraceEvent *event);

/* The text of the rare event of a module, with a 0 at its end. False: no memory. */
bool modules_tell(const TraceModule *module, Bytes *text);

const TraceModule *modules_find(const Modules *modules, uint64_t address, uint64_t event);
void modules_free(Modules *modules);

#endif
