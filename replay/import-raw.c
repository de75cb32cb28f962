/* SPDX-License-Identifier: MIT
 *
 * heaptrack's raw files: what heaptrack --raw writes. Besides what all have (import-heaptrack.c):
 *
 *   x e /tmp/program                          the program's path, with its length
 *   m 1 -                                     a list of all modules begins
 *   m 1f /lib/libc.so.6 7f2d2570d000 0 25388 26000 1550fc …
 *                                             path, bias; address in the file and bytes of each segment. "x": the program
 *   t 55bafd7241a4 8                          a node: address, and the node that called it
 *   + a 9 55bb0c52d1d0                        an allocation: size, node, address
 *   - 55bb0c52d1d0                            a free */
#include <stdlib.h>
#include <string.h>

#include "replay/import-heaptrack.h"

/* Reads the segments, and computes the range of the module's addresses. */
static bool read_segments(const char **rest, ImportModule *module)
{
    uint64_t address, bytes, first = UINT64_MAX, end = 0;

    while (**rest != '\0') {
        if (!import_hex(rest, &address) || !import_hex(rest, &bytes) || address + bytes < address)
            return false;
        first = address < first ? address : first;
        end = address + bytes > end ? address + bytes : end;
    }
    if (first > end)
        return false;
    module->start = module->bias + first;
    module->bytes = end - first;
    return module->start >= module->bias && module->start + module->bytes >= module->start;
}

static bool read_module(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    ImportModule module = {.path = NULL};

    char *told = heaptrack_text(heaptrack, &rest, false);
    if (told == NULL)
        return false;
    if (strcmp(told, "-") == 0) {
        free(told);
        import_modules_begin(&heaptrack->modules);
        return true;
    }

    bool is_program = strcmp(told, "x") == 0 && heaptrack->program != NULL;
    module.path = import_modules_path(is_program ? heaptrack->program : told);
    free(told);
    if (module.path == NULL)
        return import_no_memory(heaptrack->import);
    bool fine = import_hex(&rest, &module.bias) && read_segments(&rest, &module);
    fine = fine ? import_modules_load(&heaptrack->modules, heaptrack->import, &module)
                : heaptrack_wrong(heaptrack, line);
    free(module.path);
    return fine;
}

static bool read_program(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;

    if (heaptrack->program != NULL)
        return import_wrong(heaptrack->import, "a second program");
    heaptrack->program = heaptrack_text(heaptrack, &rest, true);
    return heaptrack->program != NULL &&
           trace_write_info(heaptrack->import->writer, "program", heaptrack->program);
}

static bool read_node(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t address, parent;
    uint32_t node;

    if (!import_hex(&rest, &address) || !import_hex(&rest, &parent) || *rest != '\0')
        return heaptrack_wrong(heaptrack, line);
    if (!heaptrack_node(heaptrack, parent, &node))
        return false;
    uint32_t *item = heaptrack_append(heaptrack, &heaptrack->nodes, sizeof *item);
    if (item == NULL)
        return false;
    *item = trace_write_caller(heaptrack->import->writer, heaptrack_return(heaptrack, address),
                               node);
    return true;
}

static bool read_alloc(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t size, number, pointer;
    uint32_t node;

    if (!import_hex(&rest, &size) || !import_hex(&rest, &number) || !import_hex(&rest, &pointer) ||
        *rest != '\0')
        return heaptrack_wrong(heaptrack, line);
    return heaptrack_node(heaptrack, number, &node) &&
           import_alloc(heaptrack->import, pointer, size, node);
}

static bool read_free(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t pointer;

    if (!import_hex(&rest, &pointer) || *rest != '\0')
        return heaptrack_wrong(heaptrack, line);
    return import_free(heaptrack->import, pointer, 0);
}

bool heaptrack_raw_line(Heaptrack *heaptrack, const char *line)
{
    bool was_in_modules = heaptrack->in_modules;

    heaptrack->in_modules = line[0] == 'm';
    if (was_in_modules && !heaptrack->in_modules &&
        !import_modules_end(&heaptrack->modules, heaptrack->import))
        return false;
    switch (line[0]) {
    case 'x':
        return read_program(heaptrack, line);
    case 'm':
        return read_module(heaptrack, line);
    case 't':
        return read_node(heaptrack, line);
    case '+':
        return read_alloc(heaptrack, line);
    case '-':
        return read_free(heaptrack, line);
    default:
        return heaptrack_wrong(heaptrack, line);
    }
}
