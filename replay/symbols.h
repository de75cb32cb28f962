/* SPDX-License-Identifier: MIT
 *
 * Names of callers: function, file and line, from the debug information of the modules on disk. A
 * module that has changed since the recording gives no names. Nothing is fetched from the
 * network. */
#ifndef MEM_REPLAY_SYMBOLS_H
#define MEM_REPLAY_SYMBOLS_H

#include "replay/trace-read.h"

typedef struct Symbols Symbols;

/* The origin of a call. Strings live as long as the Symbols. */
typedef struct SymbolsFrame {
    const char *function; /* NULL: not known */
    const char *file;     /* of the source: path as the compiler saw it; NULL: not known */
    unsigned line;        /* from 1 on; 0: not known */
    const char *module;   /* path; NULL: the address is in none */
    uint64_t
        address; /* of the return, in the module's file; without a module as it was in the process */
    const char *name; /* all of it in one line for the reader, never NULL: "function (file.c:12)",
                             "function+0x1f (libx.so.1)", "libx.so.1+0x1234", "0x7f0000001234" or "unknown" */
} SymbolsFrame;

/* Opens the symbols of a trace, which must outlive them. NULL: no memory. */
Symbols *symbols_open(const Trace *trace);
void symbols_close(Symbols *symbols);

/* Returns the frame of a node of the tree of callers (trace_caller), as it was at an event: modules
 * come and go. */
SymbolsFrame symbols_frame(Symbols *symbols, uint32_t caller, uint64_t event);

/* Returns the name of such a frame, with the functions of some frames further out, if known:
 * "function (file.c:12) < caller < its caller". It lives as long as the Symbols. */
const char *symbols_name(Symbols *symbols, uint32_t caller, uint64_t event);

/* Returns sentences for the user, from 0 on, about modules without names: "/usr/bin/x has changed
 * since the recording …". NULL: no more. Looking up more callers may add some. */
const char *symbols_note(const Symbols *symbols, size_t index);

#endif
