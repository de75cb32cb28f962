/* SPDX-License-Identifier: MIT
 *
 * heaptrack's files: a letter a line, and numbers in hexadecimal digits (src/track/libheaptrack.cpp and
 * src/interpret/heaptrack_interpret.cpp, 1.0 to 1.5). In all of them:
 *
 *   v 10400 3        version of heaptrack, and of the format
 *   X ./program …    the command
 *   I 1000 5e2990    bytes of a page, pages of the machine
 *   A                heaptrack was attached to a running program
 *   S …              suppressed leaks
 *   c 1f             milliseconds since the beginning
 *   R 3c7            resident pages
 *   t …              a node of the tree of callers
 *   + …              an allocation
 *   - …              a free
 *   # …              a comment
 *
 * A resize is a free and an allocation. Threads are not told. */
#include "replay/import-heaptrack.h"

#include <stdlib.h>
#include <string.h>

void *heaptrack_append(Heaptrack *heaptrack, HeaptrackList *list, size_t item_bytes)
{
    if (list->count == list->size) {
        size_t size = list->size == 0 ? 256 : list->size * 2;
        void *items = reallocarray(list->items, size, item_bytes);

        if (items == NULL) {
            import_no_memory(heaptrack->import);
            return NULL;
        }
        list->items = items;
        list->size = size;
    }
    return memset((char *)list->items + list->count++ * item_bytes, 0, item_bytes);
}

bool heaptrack_node(Heaptrack *heaptrack, uint64_t number, uint32_t *node)
{
    *node = 0;
    if (number > heaptrack->nodes.count)
        return import_wrong(heaptrack->import, "there is no trace %llx so far",
                            (unsigned long long)number);
    if (number > 0)
        *node = ((uint32_t *)heaptrack->nodes.items)[number - 1];
    return true;
}

uint64_t heaptrack_return(const Heaptrack *heaptrack, uint64_t address)
{
    return heaptrack->version >= 3 ? address + 1 : address;
}

char *heaptrack_text(Heaptrack *heaptrack, const char **at, bool whole)
{
    const char *text = *at;
    uint64_t bytes = strlen(text);
    size_t length;

    if (heaptrack->version >= 3) {
        if (!import_hex(&text, &bytes) || bytes > strlen(text)) {
            import_wrong(heaptrack->import, "the length of a text is wrong");
            return NULL;
        }
    } else if (!whole) {
        bytes = strcspn(text, " ");
    }
    length = (size_t)bytes;
    *at = text + length + (text[length] == ' ');

    char *copy = strndup(text, length);
    if (copy == NULL)
        import_no_memory(heaptrack->import);
    return copy;
}

bool heaptrack_wrong(Heaptrack *heaptrack, const char *line)
{
    return import_wrong(heaptrack->import, "'%.60s' is no line that heaptrack writes", line);
}

static bool read_version(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t program;

    if (!import_hex(&rest, &program) || !import_hex(&rest, &heaptrack->version))
        return heaptrack_wrong(heaptrack, line);
    return (heaptrack->version >= 1 && heaptrack->version <= 3) ||
           import_wrong(heaptrack->import, "version %llu of heaptrack's format: 1 to 3 can be read",
                        (unsigned long long)heaptrack->version);
}

static bool read_time(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t time;

    if (!import_hex(&rest, &time) || time > UINT64_MAX / 1000)
        return heaptrack_wrong(heaptrack, line);
    if (time * 1000 > heaptrack->import->time)
        heaptrack->import->time = time * 1000;
    return true;
}

/* Processes a line. Lines that only one kind of file has reveal the kind. */
static bool read_line(Heaptrack *heaptrack, const char *line)
{
    char letter = line[0];

    if (letter == '\0' || letter == '#')
        return true;
    if (letter != 'A' && line[1] != ' ')
        return heaptrack_wrong(heaptrack, line);
    if (strchr("ARSI", letter) != NULL)
        return true;
    if (letter == 'X')
        return trace_write_info(heaptrack->import->writer, "arguments", line + 2);
    if (letter == 'c')
        return read_time(heaptrack, line);

    if (heaptrack->kind == 0 && strchr("xm", letter) != NULL)
        heaptrack->kind = 'r';
    else if (heaptrack->kind == 0 && strchr("sia", letter) != NULL)
        heaptrack->kind = 'i';
    else if (heaptrack->kind == 0)
        return import_wrong(heaptrack->import, "'%c' before a module or a string", letter);
    return heaptrack->kind == 'r' ? heaptrack_raw_line(heaptrack, line)
                                  : heaptrack_interpreted_line(heaptrack, line);
}

static void free_all(Heaptrack *heaptrack)
{
    for (size_t i = 0; i < heaptrack->strings.count; i++)
        free(((char **)heaptrack->strings.items)[i]);
    free(heaptrack->strings.items);
    free(heaptrack->nodes.items);
    free(heaptrack->places.items);
    free(heaptrack->kinds.items);
    free(heaptrack->blocks.items);
    free(heaptrack->program);
    import_modules_free(&heaptrack->modules);
}

bool import_heaptrack(Import *import, char *line)
{
    Heaptrack heaptrack = {.import = import};
    int more = 1;

    bool fine = read_version(&heaptrack, line);
    while (fine && (more = import_lines_next(import->lines, &line, import->error)) == 1)
        fine = read_line(&heaptrack, line);
    fine = fine && more == 0 &&
           trace_write_info(import->writer, "recorder",
                            heaptrack.kind == 'i' ? "heaptrack, interpreted" : "heaptrack");
    if (fine && heaptrack.kind == 'i')
        fine = trace_write_info(import->writer, "pairing", "guessed");
    free_all(&heaptrack);
    return fine;
}
