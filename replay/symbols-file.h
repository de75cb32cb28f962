/* SPDX-License-Identifier: MIT
 *
 * The debug information and the symbol table of one module, as they lie on disk now. */
#ifndef MEM_REPLAY_SYMBOLS_FILE_H
#define MEM_REPLAY_SYMBOLS_FILE_H

#include "replay/trace-read.h"

typedef struct SymbolsFile SymbolsFile;

/* What is known of an address. Strings live as long as the file is open. */
typedef struct SymbolsPlace {
    const char *function; /* NULL: not known */
    uint64_t
        offset; /* bytes from the beginning of the function's symbol; 0 where a line is known */
    const char *file; /* of the source; NULL: not known */
    unsigned line;    /* from 1 on; 0: not known */
} SymbolsPlace;

/* Opens a module's file, if it is still the one that was recorded. NULL: why says in a phrase what is wrong, such as "has
 * changed since the recording"; or why is NULL, and there is nothing to be told. */
SymbolsFile *symbols_file_open(const TraceModule *module, const char **why);
void symbols_file_close(SymbolsFile *file);

/* Finds the function that holds an address of the file; and in it the line, of the call that was inlined if one was. */
SymbolsPlace symbols_file_find(SymbolsFile *file, uint64_t address);

/* What tells one version of a file from another, and where it has its addresses. */
typedef struct SymbolsIdentity {
    unsigned char build_id[64];
    size_t build_id_bytes; /* 0: it has none */
    uint64_t start, end;   /* addresses in the file */
} SymbolsIdentity;

/* False: this is no file with a program or a library, or memreplay is built without libdw. */
bool symbols_file_identify(const char *path, SymbolsIdentity *identity);

#endif
