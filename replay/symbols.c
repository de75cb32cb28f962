/* SPDX-License-Identifier: MIT */
#include "replay/symbols.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/symbols-file.h"

enum {
    NO_MODULE = -1,
    FRAMES_NAMED = 4 /* callers further out, in a name */
};

/* An address already looked up. */
typedef struct Found {
    long module;        /* its number in the trace, or NO_MODULE */
    uint64_t address;   /* as it was in the process */
    char *text;         /* frame.name; NULL: that is a constant */
    SymbolsFrame frame; /* what is known */
} Found;

/* A module of the trace. */
typedef struct Module {
    char *path;        /* NULL: no memory for it */
    SymbolsFile *file; /* NULL: not opened, or there is none */
    bool tried;        /* to open the file */
} Module;

/* A node of the tree of callers already named. */
typedef struct Named {
    uint32_t caller;
    char *text; /* the name, and those of callers further out */
} Named;

struct Symbols {
    const Trace *trace; /* its modules have the same numbers here */
    void *found;        /* a tree of Found, by tsearch() */
    void *named;        /* a tree of Named, of the nodes that have a caller themselves */
    Module *modules;    /* all that the trace had told of at the last look-up */
    size_t module_count;
    char **notes; /* a sentence each, none twice */
    size_t note_count;
};

static int compare(const void *left, const void *right)
{
    const Found *a = left, *b = right;

    if (a->module != b->module)
        return a->module < b->module ? -1 : 1;
    return a->address < b->address ? -1 : a->address > b->address;
}

static void forget(void *found)
{
    free(((Found *)found)->text);
    free(found);
}

static int compare_named(const void *left, const void *right)
{
    uint32_t a = ((const Named *)left)->caller;
    uint32_t b = ((const Named *)right)->caller;

    return a < b ? -1 : a > b;
}

static void forget_named(void *named)
{
    free(((Named *)named)->text);
    free(named);
}

Symbols *symbols_open(const Trace *trace)
{
    Symbols *symbols = calloc(1, sizeof *symbols);

    if (symbols == NULL)
        return NULL;
    symbols->trace = trace;

    /* libdwfl would ask servers for missing debug information. */
    unsetenv("DEBUGINFOD_URLS");
    return symbols;
}

void symbols_close(Symbols *symbols)
{
    if (symbols == NULL)
        return;
    tdestroy(symbols->found, forget);
    tdestroy(symbols->named, forget_named);
    for (size_t i = 0; i < symbols->module_count; i++) {
        symbols_file_close(symbols->modules[i].file);
        free(symbols->modules[i].path);
    }
    for (size_t i = 0; i < symbols->note_count; i++)
        free(symbols->notes[i]);
    free(symbols->modules);
    free(symbols->notes);
    free(symbols);
}

const char *symbols_note(const Symbols *symbols, size_t index)
{
    return index < symbols->note_count ? symbols->notes[index] : NULL;
}

static void take_note(Symbols *symbols, const char *path, const char *why)
{
    char *note = NULL;

    if (asprintf(&note, "%s %s: its callers have no names", path, why) < 0)
        return;
    for (size_t i = 0; i < symbols->note_count; i++)
        if (strcmp(symbols->notes[i], note) == 0) {
            free(note);
            return;
        }

    char **notes = realloc(symbols->notes, (symbols->note_count + 1) * sizeof *notes);
    if (notes == NULL) {
        free(note);
        return;
    }
    symbols->notes = notes;
    notes[symbols->note_count++] = note;
}

/* Makes room for the modules read from the trace since. */
static bool see_modules(Symbols *symbols)
{
    size_t count = trace_modules(symbols->trace);

    if (count <= symbols->module_count)
        return true;
    Module *modules = realloc(symbols->modules, count * sizeof *modules);
    if (modules == NULL)
        return false;
    symbols->modules = modules;
    for (size_t i = symbols->module_count; i < count; i++)
        modules[i] = (Module){.path = strdup(trace_module(symbols->trace, i)->path)};
    symbols->module_count = count;
    return true;
}

static long number_of(const Symbols *symbols, const TraceModule *module)
{
    if (module != NULL)
        for (size_t i = 0; i < symbols->module_count; i++)
            if (trace_module(symbols->trace, i) == module)
                return (long)i;
    return NO_MODULE;
}

static SymbolsFile *open_module(Symbols *symbols, Module *entry, const TraceModule *module)
{
    if (!entry->tried) {
        const char *why;

        entry->tried = true;
        entry->file = symbols_file_open(module, &why);
        if (entry->file == NULL && why != NULL)
            take_note(symbols, module->path, why);
    }
    return entry->file;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* Makes a text one readable line, whatever bytes a trace or a file has in names. */
static void make_readable(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            *c = '?';
}

static char *describe(const SymbolsFrame *frame, uint64_t offset)
{
    char *text = NULL;
    int made;

    if (frame->function != NULL && frame->file != NULL)
        made = asprintf(&text, "%s (%s:%u)", frame->function, base_name(frame->file), frame->line);
    else if (frame->function != NULL && frame->module != NULL)
        made = asprintf(&text, "%s+0x%" PRIx64 " (%s)", frame->function, offset,
                        base_name(frame->module));
    else if (frame->function != NULL)
        made = asprintf(&text, "%s", frame->function);
    else if (frame->module != NULL)
        made = asprintf(&text, "%s+0x%" PRIx64, base_name(frame->module), frame->address);
    else
        made = asprintf(&text, "0x%" PRIx64, frame->address);
    return made < 0 ? NULL : text;
}

/* Returns the name that an imported trace has for an address, if nothing else was known. */
static const char *told_name(const Symbols *symbols, uint64_t address)
{
    char key[32];

    snprintf(key, sizeof key, "caller.%" PRIx64, address);
    return trace_info(symbols->trace, key);
}

/* Looks up a call. Its return address is behind it, which may be in another line, or even another
 * function. */
static void look_up(Symbols *symbols, Found *found, const TraceModule *module)
{
    SymbolsFrame *frame = &found->frame;
    SymbolsPlace place = {0};

    frame->address = found->address;
    if (module != NULL) {
        Module *entry = &symbols->modules[found->module];

        frame->module = entry->path;
        frame->address -= module->bias;
        SymbolsFile *file = open_module(symbols, entry, module);
        if (file != NULL)
            place = symbols_file_find(file, frame->address - 1);
    }
    frame->function = place.function;
    frame->file = place.line == 0 ? NULL : place.file;
    frame->line = frame->file == NULL ? 0 : place.line;

    const char *told = module == NULL ? told_name(symbols, found->address) : NULL;
    found->text = told != NULL ? strdup(told) : describe(frame, place.offset + 1);
    if (found->text != NULL)
        make_readable(found->text);
    frame->name = found->text == NULL ? "unknown" : found->text;
}

SymbolsFrame symbols_frame(Symbols *symbols, uint32_t caller, uint64_t event)
{
    SymbolsFrame unknown = {.name = "unknown"};
    TraceCaller node = trace_caller(symbols->trace, caller);

    if (caller == 0 || node.address == 0 || !see_modules(symbols))
        return unknown;

    const TraceModule *module = trace_find_module(symbols->trace, node.address, event);
    Found key = {.module = number_of(symbols, module), .address = node.address};
    Found **old = tfind(&key, &symbols->found, compare);
    if (old != NULL)
        return (*old)->frame;

    Found *found = calloc(1, sizeof *found);
    if (found == NULL)
        return unknown;
    *found = key;
    if (tsearch(found, &symbols->found, compare) == NULL) {
        free(found);
        return unknown;
    }
    look_up(symbols, found, key.module == NO_MODULE ? NULL : module);
    return found->frame;
}

/* Returns the function alone, or the best substitute. */
static const char *short_name(const SymbolsFrame *frame)
{
    return frame->function != NULL ? frame->function : frame->name;
}

/* Returns "function (file.c:12) < caller < its caller", as far out as it is useful in one line. */
static char *make_path(Symbols *symbols, uint32_t caller, uint64_t event)
{
    char *text = strdup(symbols_frame(symbols, caller, event).name);

    for (int i = 0; i < FRAMES_NAMED && text != NULL; i++) {
        char *longer = NULL;

        caller = trace_caller(symbols->trace, caller).parent;
        if (caller == 0)
            break;
        SymbolsFrame frame = symbols_frame(symbols, caller, event);
        int made = asprintf(&longer, "%s < %s", text, short_name(&frame));
        free(text);
        text = made < 0 ? NULL : longer;
    }
    if (text != NULL)
        make_readable(text);
    return text;
}

const char *symbols_name(Symbols *symbols, uint32_t caller, uint64_t event)
{
    Named key = {.caller = caller};

    if (trace_caller(symbols->trace, caller).parent == 0)
        return symbols_frame(symbols, caller, event).name;
    Named **old = tfind(&key, &symbols->named, compare_named);
    if (old != NULL)
        return (*old)->text;

    Named *named = calloc(1, sizeof *named);
    if (named == NULL)
        return "unknown";
    named->caller = caller;
    named->text = make_path(symbols, caller, event);
    if (named->text == NULL || tsearch(named, &symbols->named, compare_named) == NULL) {
        forget_named(named);
        return "unknown";
    }
    return named->text;
}
