/* SPDX-License-Identifier: MIT
 *
 * The debug information and the symbol table of a module, as on disk now. */
#ifndef MEM_REPLAY_SYMBOLS_FILE_H
#define MEM_REPLAY_SYMBOLS_FILE_H

#include "replay/trace-read.h"

typedef struct SymbolsFile SymbolsFile;

/* The result for an address. Strings live as long as the file is open. */
typedef struct SymbolsPlace {
    const char *function; /* NULL: not known */
    uint64_t
        offset; /* bytes from the beginning of the function's symbol; 0 where a line is known */
    const char *file; /* of the source; NULL: not known */
    unsigned line;    /* from 1 on; 0: not known */
} SymbolsPlace;

/* Opens a module's file, if it is still the recorded one. NULL: `why` is a phrase such as "has
 * changed since the recording"; or NULL, if there is nothing to report. */
SymbolsFile *symbols_file_open(const TraceModule *module, const char **why);
void symbols_file_close(SymbolsFile *file);

/* Finds the function at an address of the file, and the line; for inlined code the line of the
 * call. */
SymbolsPlace symbols_file_find(SymbolsFile *file, uint64_t address);

/* The identity of a version of a file, and its addresses. */
typedef struct SymbolsIdentity {
    unsigned char build_id[64];
    size_t build_id_bytes; /* 0: it has none */
    uint64_t start, end;   /* addresses in the file */
} SymbolsIdentity;

/* Identifies a file. Returns false if it is not a program or a library, or memreplay is built
 * without libdw. */
bool symbols_file_identify(const char *path, SymbolsIdentity *identity);

#endif
