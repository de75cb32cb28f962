/* SPDX-License-Identifier: MIT */
#include "replay/symbols-file.h"

#ifdef HAVE_DW

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct SymbolsFile {
    Dwfl *dwfl;          /* a session with this one module */
    Dwfl_Module *module; /* of the session */
    GElf_Addr bias;      /* what libdwfl adds to the addresses of the file */
};

/* Debug information is in Debian's places: by build-id below /usr/lib/debug, by link beside the
 * file. */
static const Dwfl_Callbacks callbacks = {
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

/* Returns whether a path is a regular file: a trace may name anything, and a pipe would block. */
static bool is_regular(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Opens a session with one module. */
static SymbolsFile *open_file(const char *path)
{
    SymbolsFile *file = is_regular(path) ? calloc(1, sizeof *file) : NULL;

    if (file == NULL)
        return NULL;
    file->dwfl = dwfl_begin(&callbacks);
    if (file->dwfl != NULL) {
        dwfl_report_begin(file->dwfl);
        file->module = dwfl_report_elf(file->dwfl, path, path, -1, 0, true);
        if (dwfl_report_end(file->dwfl, NULL, NULL) == 0 && file->module != NULL &&
            dwfl_module_getelf(file->module, &file->bias) != NULL)
            return file;
    }
    symbols_file_close(file);
    return NULL;
}

static void identify(SymbolsFile *file, SymbolsIdentity *identity)
{
    const unsigned char *id = NULL;
    GElf_Addr where;
    Dwarf_Addr start, end;
    int bytes = dwfl_module_build_id(file->module, &id, &where);

    memset(identity, 0, sizeof *identity);
    if (bytes > 0 && (size_t)bytes <= sizeof identity->build_id) {
        identity->build_id_bytes = (size_t)bytes;
        memcpy(identity->build_id, id, (size_t)bytes);
    }
    dwfl_module_info(file->module, NULL, &start, &end, NULL, NULL, NULL, NULL);
    identity->start = start - file->bias;
    identity->end = end - file->bias;
}

bool symbols_file_identify(const char *path, SymbolsIdentity *identity)
{
    SymbolsFile *file = open_file(path);

    if (file == NULL)
        return false;
    identify(file, identity);
    symbols_file_close(file);
    return true;
}

SymbolsFile *symbols_file_open(const TraceModule *module, const char **why)
{
    SymbolsIdentity identity;

    /* The kernel's own code is in no file. */
    *why = NULL;
    if (module->path[0] != '/')
        return NULL;

    SymbolsFile *file = open_file(module->path);
    *why = "cannot be read";
    if (file == NULL)
        return NULL;

    /* Without build-ids there is nothing to compare. */
    identify(file, &identity);
    if (identity.build_id_bytes == module->build_id_bytes &&
        (module->build_id_bytes == 0 ||
         memcmp(identity.build_id, module->build_id, module->build_id_bytes) == 0))
        return file;
    *why = module->build_id_bytes == 0 ? "is in the trace without its build-id"
                                       : "has changed since the recording";
    symbols_file_close(file);
    return NULL;
}

void symbols_file_close(SymbolsFile *file)
{
    if (file == NULL)
        return;
    if (file->dwfl != NULL)
        dwfl_end(file->dwfl);
    free(file);
}

/* Returns the compilation unit of an address. Compilers need not list the units' addresses: then
 * each unit is asked. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

    if (unit == NULL)
        while ((unit = dwfl_module_nextcu(module, unit, bias)) != NULL)
            if (dwarf_haspc(unit, address - *bias) == 1)
                break;
    return unit;
}

/* Sets the line where a function was inlined. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *inlined, SymbolsPlace *place)
{
    Dwarf_Attribute attribute;
    Dwarf_Word number = 0, line = 0;
    Dwarf_Files *files = NULL;
    size_t count = 0;

    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) != 0 ||
        dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) != 0 ||
        dwarf_getsrcfiles(unit, &files, &count) != 0 || number >= count)
        return;
    place->file = dwarf_filesrc(files, (size_t)number, NULL, NULL);
    place->line = (unsigned)line;
}

/* Goes from the innermost scope outwards to the function that contains the code. On the way, each
 * inlined function moves the line to its caller. Compilers split functions, and inline one part
 * into the other: this is no call. */
static void find_function(Dwarf_Die *unit, Dwarf_Addr address, SymbolsPlace *place)
{
    Dwarf_Die *found = NULL, *scopes = NULL, *inlined = NULL;

    int count = dwarf_getscopes(unit, address, &found);
    if (count > 0)
        count = dwarf_getscopes_die(&found[0], &scopes);
    for (int i = 0; i < count && place->function == NULL; i++) {
        int tag = dwarf_tag(&scopes[i]);
        const char *name = dwarf_diename(&scopes[i]);

        if ((tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) || name == NULL)
            continue;
        if (inlined != NULL && strcmp(name, dwarf_diename(inlined)) != 0)
            call_site(unit, inlined, place);
        if (tag == DW_TAG_subprogram)
            place->function = name;
        inlined = &scopes[i];
    }
    free(scopes);
    free(found);
}

SymbolsPlace symbols_file_find(SymbolsFile *file, uint64_t address)
{
    SymbolsPlace place = {0};
    Dwarf_Addr at = address + file->bias, bias = 0;

    Dwarf_Die *unit = find_unit(file->module, at, &bias);
    Dwarf_Line *line = unit == NULL ? NULL : dwarf_getsrc_die(unit, at - bias);
    int number;
    if (line != NULL && dwarf_lineno(line, &number) == 0 && number > 0) {
        place.file = dwarf_linesrc(line, NULL, NULL);
        place.line = (unsigned)number;
        find_function(unit, at - bias, &place);
    }

    if (place.function == NULL) {
        GElf_Sym symbol;
        GElf_Off offset = 0;

        place.function = dwfl_module_addrinfo(file->module, at, &offset, &symbol, NULL, NULL, NULL);
        if (place.function != NULL && place.line == 0)
            place.offset = offset;
    }
    return place;
}

#else

bool symbols_file_identify(const char *path, SymbolsIdentity *identity)
{
    (void)path;
    (void)identity;
    return false;
}

SymbolsFile *symbols_file_open(const TraceModule *module, const char **why)
{
    (void)module;
    *why = NULL;
    return NULL;
}

void symbols_file_close(SymbolsFile *file)
{
    (void)file;
}

SymbolsPlace symbols_file_find(SymbolsFile *file, uint64_t address)
{
    (void)file;
    (void)address;
    return (SymbolsPlace){0};
}

#endif
