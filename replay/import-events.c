/* SPDX-License-Identifier: MIT */
#include "replay/import-events.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------
 * Errors and numbers
 * --------------------------------------------------------------------------------------------- */

bool import_wrong(Import *import, const char *format, ...)
{
    char *text = import->error->text;
    size_t size = sizeof import->error->text;
    va_list arguments;

    int used = snprintf(text, size, "%s: line %llu: ", import->path,
                        (unsigned long long)import_lines_number(import->lines));
    va_start(arguments, format);
    if (used > 0 && (size_t)used < size)
        vsnprintf(text + used, size - (size_t)used, format, arguments);
    va_end(arguments);
    return false;
}

bool import_no_memory(Import *import)
{
    return import_wrong(import, "%s", strerror(ENOMEM));
}

bool import_hex(const char **at, uint64_t *value)
{
    const char *c = *at;
    uint64_t number = 0;

    for (; c - *at < 16; c++) {
        unsigned digit;

        if (*c >= '0' && *c <= '9')
            digit = (unsigned)(*c - '0');
        else if (*c >= 'a' && *c <= 'f')
            digit = (unsigned)(*c - 'a') + 10;
        else
            break;
        number = number << 4 | digit;
    }
    if (c == *at || (*c != ' ' && *c != '\0'))
        return false;
    *value = number;
    *at = c + (*c == ' ');
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * Blocks by their pointers
 * --------------------------------------------------------------------------------------------- */

static size_t home(const Import *import, uint64_t pointer)
{
    return (size_t)(pointer * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (import->places - 1);
}

/* Returns the place of a pointer, or the empty place where it belongs. */
static ImportBlock *find(const Import *import, uint64_t pointer)
{
    size_t at = home(import, pointer);

    while (import->blocks[at].pointer != 0 && import->blocks[at].pointer != pointer)
        at = (at + 1) & (import->places - 1);
    return &import->blocks[at];
}

static bool grow(Import *import)
{
    size_t old_places = import->places;
    ImportBlock *old = import->blocks;
    size_t places = old == NULL ? 1024 : old_places * 2;
    ImportBlock *blocks = calloc(places, sizeof *blocks);

    if (blocks == NULL)
        return import_no_memory(import);
    import->blocks = blocks;
    import->places = places;
    for (size_t i = 0; old != NULL && i < old_places; i++)
        if (old[i].pointer != 0)
            *find(import, old[i].pointer) = old[i];
    free(old);
    return true;
}

static bool put(Import *import, uint64_t pointer, uint64_t number)
{
    if ((import->blocks == NULL || import->live >= import->places / 4 * 3) && !grow(import))
        return false;
    *find(import, pointer) = (ImportBlock){.pointer = pointer, .number = number};
    import->live++;
    return true;
}

/* Removes a block from the table, and moves blocks that would no longer be found behind it. */
static bool take(Import *import, uint64_t pointer, uint64_t *number)
{
    ImportBlock *place = import->blocks == NULL ? NULL : find(import, pointer);

    if (place == NULL || place->pointer == 0)
        return false;
    *number = place->number;

    size_t mask = import->places - 1;
    size_t hole = (size_t)(place - import->blocks);
    for (size_t at = (hole + 1) & mask; import->blocks[at].pointer != 0; at = (at + 1) & mask)
        if (((at - home(import, import->blocks[at].pointer)) & mask) >= ((at - hole) & mask)) {
            import->blocks[hole] = import->blocks[at];
            hole = at;
        }
    import->blocks[hole].pointer = 0;
    import->live--;
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * Events
 * --------------------------------------------------------------------------------------------- */

bool import_event(Import *import, TraceEvent *event)
{
    event->time = import->time;
    return trace_write(import->writer, event);
}

static bool free_block(Import *import, uint64_t number, uint32_t caller)
{
    return import_event(import,
                        &(TraceEvent){.op = TRACE_FREE, .caller = caller, .block.number = number});
}

/* Ends a live block at an address that is handed out again. */
static bool vacate(Import *import, uint64_t pointer)
{
    uint64_t number;

    if (!take(import, pointer, &number))
        return true;
    import->forced++;
    return free_block(import, number, 0);
}

bool import_alloc(Import *import, uint64_t pointer, uint64_t size, uint32_t caller)
{
    TraceEvent event = {.op = TRACE_ALLOC, .caller = caller, .size = size};

    if (pointer == 0)
        return import_wrong(import, "a block at address 0");
    return vacate(import, pointer) && import_event(import, &event) &&
           put(import, pointer, event.block.number);
}

bool import_free(Import *import, uint64_t pointer, uint32_t caller)
{
    uint64_t number;

    if (take(import, pointer, &number))
        return free_block(import, number, caller);
    import->unknown++;
    return true;
}

bool import_resize(Import *import, uint64_t from, uint64_t to, uint64_t size, uint32_t caller)
{
    TraceEvent event = {.op = TRACE_RESIZE, .caller = caller, .size = size};

    if (to == 0)
        return import_wrong(import, "a block at address 0");
    if (!take(import, from, &event.block.number)) {
        import->unknown++;
        return import_alloc(import, to, size, caller);
    }
    return vacate(import, to) && import_event(import, &event) &&
           put(import, to, event.block.number);
}

bool import_failed(Import *import, uint64_t size, uint32_t caller)
{
    return import_event(import, &(TraceEvent){.op = TRACE_FAILED, .caller = caller, .size = size});
}

bool import_not_resized(Import *import, uint64_t pointer, uint64_t size, uint32_t caller)
{
    TraceEvent event = {.op = TRACE_NOT_RESIZED, .caller = caller, .size = size};

    if (import->blocks == NULL || find(import, pointer)->pointer == 0) {
        import->unknown++;
        return true;
    }
    event.block.number = find(import, pointer)->number;
    return import_event(import, &event);
}
