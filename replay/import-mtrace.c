/* SPDX-License-Identifier: MIT
 *
 * What glibc's mtrace() writes: a line for each call (the manual's "Interpreting the traces"; malloc/mtrace-impl.c).
 *
 *   = Start
 *   @ ./program:(function+0x1c)[0x11a5] + 0x55a79070f2a0 0xa   allocation: address and size
 *   @ ./program:[0x11ce] - 0x55a79070f2a0                      free
 *   @ ./program:[0x11ce] < 0x55a79070f2a0                      resize from here,
 *   @ ./program:[0x11ce] > 0x55a79070f4a0 0x186a0              to there, with this size
 *   @ ./program:[0x125d] ! 0x55a79070f2a0 0x4000000000000000   resize that failed
 *   = End
 *
 * The number in brackets counts from where the module was loaded, and that is not in the file. So each module gets
 * addresses of its own here, 4 GiB of them. */
#include <stdlib.h>
#include <string.h>

#include "replay/import-modules.h"
#include "replay/symbols-file.h"

#define MODULE_BYTES (UINT64_C(1) << 32)
#define MODULES_MAX 32767 /* what 47 bits of an address can tell apart */

typedef struct Mtrace {
    Import *import;
    ImportModules modules;
    char **paths; /* of the modules, as the file has them */
    size_t
        path_count; /* of those; the module with the index i has its addresses from (i + 1) * MODULE_BYTES on */
    uint64_t from;      /* the block of a resize that has begun; 0: none has */
    uint32_t caller;    /* of the line */
    const char *action; /* of the line: what follows the place */
} Mtrace;

/* Reads a number as printf("%#lx") or printf("%p") writes it, and the space behind it. */
static bool number(const char **at, uint64_t *value)
{
    const char *c = *at;

    if (strncmp(c, "(nil)", 5) == 0) {
        *value = 0;
        *at = c + 5 + (c[5] == ' ');
        return true;
    }
    if (c[0] == '0' && c[1] == 'x')
        c += 2;
    if (!import_hex(&c, value))
        return false;
    *at = c;
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * Places
 * --------------------------------------------------------------------------------------------- */

static bool add_module(Mtrace *mtrace, const char *told)
{
    char **paths = realloc(mtrace->paths, (mtrace->path_count + 1) * sizeof *paths);
    if (paths == NULL)
        return import_no_memory(mtrace->import);
    mtrace->paths = paths;
    paths[mtrace->path_count] = strdup(told);
    char *path = import_modules_path(told);
    if (paths[mtrace->path_count] == NULL || path == NULL) {
        free(paths[mtrace->path_count]);
        free(path);
        return import_no_memory(mtrace->import);
    }

    SymbolsIdentity identity = {.start = 0};
    uint64_t start = ++mtrace->path_count * MODULE_BYTES;
    bool known = symbols_file_identify(path, &identity) && identity.start < MODULE_BYTES;
    ImportModule module = {.path = path, .start = start, .bytes = MODULE_BYTES, .bias = start};
    if (known)
        module.bias -= identity.start & ~UINT64_C(0xfff);
    bool fine = import_modules_load(&mtrace->modules, mtrace->import, &module);
    free(path);
    return fine;
}

/* Returns the start of a module's addresses; 0: an error, or too many modules. */
static bool module_start(Mtrace *mtrace, const char *told, uint64_t *start)
{
    size_t i = 0;

    while (i < mtrace->path_count && strcmp(mtrace->paths[i], told) != 0)
        i++;
    *start = (i + 1) * MODULE_BYTES;
    if (i < mtrace->path_count)
        return true;
    if (i == MODULES_MAX)
        return import_wrong(mtrace->import, "more than %d modules", MODULES_MAX);
    return add_module(mtrace, told);
}

/* Truncates "path:(function+0x1c)" after the path. The function is found again by the address. */
static void cut_path(char *place)
{
    size_t length = strlen(place);
    char *end = place + length;

    if (length > 0 && end[-1] == ')')
        for (char *c = end; c > place; c--)
            if (c[-1] == ':' && c[0] == '(') {
                end = c;
                break;
            }
    if (end > place && end[-1] == ':')
        end--;
    *end = '\0';
}

/* Reads "@ place[0x11a5] " if the line contains it. */
static bool read_place(Mtrace *mtrace, char *line)
{
    mtrace->caller = 0;
    mtrace->action = line;
    if (line[0] != '@')
        return true;

    char *close = NULL;
    for (char *c = line; (c = strstr(c, "] ")) != NULL; c++)
        close = c;
    char *open = close;
    while (open != NULL && open > line && *open != '[')
        open--;
    if (close == NULL || line[1] != ' ' || open < line + 2)
        return import_wrong(mtrace->import, "'@' without a place");

    uint64_t address, start = 0;
    const char *digits = open + 1;
    *open = *close = '\0';
    mtrace->action = close + 2;
    if (!number(&digits, &address) || *digits != '\0')
        return import_wrong(mtrace->import, "'%s' is no address", open + 1);

    /* Before glibc 2.27 it was the address in the process. */
    cut_path(line + 2);
    if (line[2] != '\0' && address < MODULE_BYTES && !module_start(mtrace, line + 2, &start))
        return false;
    mtrace->caller = trace_write_caller(mtrace->import->writer, start + address, 0);
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * Calls
 * --------------------------------------------------------------------------------------------- */

/* Processes a line of a known kind. */
static bool act(Mtrace *mtrace, char kind, uint64_t pointer, uint64_t size)
{
    Import *import = mtrace->import;
    uint64_t from = mtrace->from;

    mtrace->from = 0;
    if ((kind == '>') != (from != 0))
        return import_wrong(import, "%s",
                            from != 0 ? "'<' without '>' behind it" : "'>' without '<' before it");
    switch (kind) {
    case '+':
        return pointer == 0 ? import_failed(import, size, mtrace->caller)
                            : import_alloc(import, pointer, size, mtrace->caller);
    case '-':
        return import_free(import, pointer, mtrace->caller);
    case '<':
        mtrace->from = pointer;
        return pointer != 0 || import_wrong(import, "a resize of a block at address 0");
    case '>':
        return import_resize(import, from, pointer, size, mtrace->caller);
    default:
        return import_not_resized(import, pointer, size, mtrace->caller);
    }
}

static bool read_line(Mtrace *mtrace, char *line)
{
    uint64_t pointer, size = 0;

    if (line[0] == '=' || line[0] == '\0')
        return true;
    if (!read_place(mtrace, line))
        return false;

    char kind = mtrace->action[0];
    const char *rest = mtrace->action + 2;
    if (kind == '\0' || strchr("+-<>!", kind) == NULL || mtrace->action[1] != ' ')
        return import_wrong(mtrace->import, "'%.20s' is no call of those that mtrace() writes",
                            mtrace->action);
    if (!number(&rest, &pointer) || (strchr("+>!", kind) != NULL && !number(&rest, &size)) ||
        *rest != '\0')
        return import_wrong(mtrace->import, "'%.60s' has wrong numbers", mtrace->action);
    return act(mtrace, kind, pointer, size);
}

bool import_mtrace(Import *import, char *line)
{
    Mtrace mtrace = {.import = import};
    int more = 1;
    bool fine = true;

    while (fine && more == 1) {
        fine = read_line(&mtrace, line);
        if (fine)
            more = import_lines_next(import->lines, &line, import->error);
    }
    import_modules_free(&mtrace.modules);
    for (size_t i = 0; i < mtrace.path_count; i++)
        free(mtrace.paths[i]);
    free(mtrace.paths);
    return fine && more == 0 && trace_write_info(import->writer, "recorder", "mtrace");
}
