/* SPDX-License-Identifier: MIT
 *
 * Which modules the process has, so that addresses of callers can be told from each other later: events when they are
 * loaded and unloaded. */
#ifndef MEM_RECORD_MODULES_H
#define MEM_RECORD_MODULES_H

#include "record/thread.h"

/* Where a module lies. */
typedef struct ModuleRange {
    uintptr_t start;
    size_t bytes; /* 0: not known yet */
} ModuleRange;

/* The module that the recorder is in; and the loader, which allocates when modules come and go. */
extern HIDDEN ModuleRange modules_own, modules_loader;

static inline bool modules_has(const ModuleRange *module, const void *address)
{
    return (uintptr_t)address - module->start < module->bytes;
}

/* Appends events for the modules that came or went since the last look. The thread has entered, and is busy. */
void modules_look(RecordThread *self);

/* Whether an address is in a module that is known: hint is the one that it is probably in. */
bool modules_know(ModuleRange *hint, const void *address);

/* Forgets all of them: in a child that is recorded in a file of its own. */
void modules_forget(void);

#endif
