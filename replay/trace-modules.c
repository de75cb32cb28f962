/* SPDX-License-Identifier: MIT */
#include "replay/trace-modules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 16 };

static int digit(char character)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = character == '\0' ? NULL : strchr(digits, character);

    return found == NULL ? -1 : (int)(found - digits);
}

/* Reads a build-id in hex, into room for half as many bytes. Returns how many these are. */
static size_t read_build_id(const char *text, size_t length, unsigned char *id)
{
    size_t bytes = 0;

    while (2 * bytes + 1 < length) {
        int high = digit(text[2 * bytes]);
        int low = digit(text[2 * bytes + 1]);

        if (high < 0 || low < 0) {
            break;
        }
        id[bytes++] = (unsigned char)(high * 16 + low);
    }
    return bytes;
}

/* Parses "BIAS BUILD-ID PATH". Missing parts are empty. Returns false without memory. */
static bool parse(const char *text, TraceModule *module)
{
    char *rest;
    size_t length;
    unsigned char *id;

    module->bias = strtoull(text, &rest, 16);
    rest += *rest == ' ';
    length = strcspn(rest, " ");
    id = malloc(length / 2 + 1);
    if (id == NULL) {
        return false;
    }
    module->build_id = id;
    module->build_id_bytes = read_build_id(rest, length, id);
    rest += length;
    rest += *rest == ' ';
    module->path = strdup(rest);
    return module->path != NULL;
}

static void free_module(TraceModule *module)
{
    free((void *)module->build_id);
    free((void *)module->path);
}

static bool load(Modules *modules, const TraceEvent *event)
{
    TraceModule module = {
        .start = event->a, .bytes = event->b, .loaded = event->number, .unloaded = UINT64_MAX};

    if (modules->count == modules->room) {
        size_t room = modules->room == 0 ? LEAST : 2 * modules->room;
        TraceModule *list = realloc(modules->list, room * sizeof *list);

        if (list == NULL) {
            return false;
        }
        modules->list = list;
        modules->room = room;
    }
    if (!parse(event->text, &module)) {
        free_module(&module);
        return false;
    }
    modules->list[modules->count++] = module;
    return true;
}

bool modules_enter(Modules *modules, const TraceEvent *event)
{
    if (event->rare == TRACE_MODULE_LOADED) {
        return (modules->count > 0 && modules->list[modules->count - 1].loaded >= event->number) ||
               load(modules, event);
    }
    for (size_t i = 0; i < modules->count; i++) {
        TraceModule *module = &modules->list[i];

        if (module->start == event->a && module->loaded < event->number &&
            module->unloaded == UINT64_MAX) {
            module->unloaded = event->number;
        }
    }
    return true;
}

bool modules_tell(const TraceModule *module, Bytes *text)
{
    size_t path = strlen(module->path);
    size_t room = 16 + 1 + 2 * module->build_id_bytes + 1 + 1 + path + 1;
    int length;

    if (!bytes_reserve(text, room)) {
        return false;
    }
    length = snprintf((char *)text->data, room, "%" PRIx64 " ", module->bias);
    text->used = (size_t)length;
    for (size_t i = 0; i < module->build_id_bytes; i++) {
        snprintf((char *)text->data + text->used, 3, "%02x", module->build_id[i]);
        text->used += 2;
    }
    if (module->build_id_bytes == 0) {
        text->data[text->used++] = '-';
    }
    text->data[text->used++] = ' ';
    return bytes_append(text, module->path, path + 1);
}

const TraceModule *modules_find(const Modules *modules, uint64_t address, uint64_t event)
{
    for (size_t i = modules->count; i-- > 0;) {
        const TraceModule *module = &modules->list[i];

        if (address - module->start < module->bytes && module->loaded <= event &&
            event <= module->unloaded) {
            return module;
        }
    }
    return NULL;
}

void modules_free(Modules *modules)
{
    for (size_t i = 0; i < modules->count; i++) {
        free_module(&modules->list[i]);
    }
    free(modules->list);
    *modules = (Modules){0};
}
