/* SPDX-License-Identifier: MIT */
#include "record/modules.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "os/environment.h"
#include "os/kernel.h"
#include "os/pages.h"
#include "os/spin.h"

enum {
    MODULES = 4096,       /* at most; others are left out */
    TEXT_BYTES = 512 + 64 /* of what is told of a module at most: the path may be cut off */
};

/* A module that is loaded. */
typedef struct Module {
    uint64_t start, bytes;
    char text[TEXT_BYTES]; /* as TRACE_MODULE_LOADED has it */
} Module;

/* All that were found in one look. */
typedef struct Modules {
    uint64_t version; /* modules that were ever loaded or unloaded; 0: nobody has looked */
    size_t count;
    Module all[MODULES]; /* takes memory as far as it is used */
} Modules;

ModuleRange modules_own, modules_loader;

/* As they were when somebody last looked; NULL: nobody has. */
static Modules *known;
static Spin lock;

/* ------------------------------------------------------------------------------------------------
 * Looking. The loader's lock is held: so no other is taken.
 * --------------------------------------------------------------------------------------------- */

/* The build-id in a note segment: appended in hex, or nothing. */
static size_t write_build_id(char *text, const char *notes, size_t bytes)
{
    size_t at = 0;
    size_t length = 0;

    while (length == 0 && at + sizeof(ElfW(Nhdr)) <= bytes) {
        const ElfW(Nhdr) *note = (const void *)(notes + at);
        size_t name = (note->n_namesz + 3U) & ~(size_t)3;
        size_t content = (note->n_descsz + 3U) & ~(size_t)3;
        const unsigned char *id = (const unsigned char *)(note + 1) + name;

        at += sizeof *note + name + content;
        if (at <= bytes && note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
            memcmp(note + 1, "GNU", 4) == 0 && note->n_descsz <= 32) {
            for (size_t i = 0; i < note->n_descsz; i++) {
                length += (size_t)sprintf(text + length, "%02x", id[i]);
            }
        }
    }
    return length;
}

static size_t find_build_id(char *text, const struct dl_phdr_info *info)
{
    size_t length = 0;

    for (size_t i = 0; i < info->dlpi_phnum && length == 0; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_NOTE) {
            const void *notes = (const void *)(info->dlpi_addr + segment->p_vaddr);

            length = write_build_id(text, notes, segment->p_memsz);
        }
    }
    if (length == 0) {
        text[length++] = '-';
    }
    return length;
}

/* The path of a module; the program's own has no name here. */
static void write_path(char *text, size_t size, const char *name)
{
    long length;

    if (*name != '\0') {
        snprintf(text, size, "%s", name);
        return;
    }
    length = kernel_call(SYS_readlinkat, -100, (long)(uintptr_t) "/proc/self/exe",
                         (long)(uintptr_t)text, (long)size - 1, 0, 0);
    text[length < 0 ? 0 : length] = '\0';
}

static void note_range(const Module *module, uintptr_t address, ModuleRange *range)
{
    if (address - module->start < module->bytes) {
        *range = (ModuleRange){(uintptr_t)module->start, (size_t)module->bytes};
    }
}

static void tell_module(Module *module, const struct dl_phdr_info *info)
{
    uint64_t first = UINT64_MAX;
    uint64_t end = 0;
    size_t length;

    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD) {
            uint64_t begin = info->dlpi_addr + segment->p_vaddr;

            first = begin < first ? begin : first;
            end = begin + segment->p_memsz > end ? begin + segment->p_memsz : end;
        }
    }
    module->start = first;
    module->bytes = end < first ? 0 : end - first;
    length = (size_t)sprintf(module->text, "%llx ", (unsigned long long)info->dlpi_addr);
    length += find_build_id(module->text + length, info);
    module->text[length++] = ' ';
    write_path(module->text + length, sizeof module->text - length, info->dlpi_name);
    note_range(module, (uintptr_t)record_options.own, &modules_own);
    note_range(module, (uintptr_t)environment_auxiliary(AT_BASE), &modules_loader);
}

/* How often modules came and went; 1 more, as 0 is for no look at all. */
static uint64_t version_of(const struct dl_phdr_info *info)
{
    return info->dlpi_adds + info->dlpi_subs + 1;
}

static int read_version(struct dl_phdr_info *info, size_t size, void *version)
{
    (void)size;
    *(uint64_t *)version = version_of(info);
    return 1;
}

static int collect(struct dl_phdr_info *info, size_t size, void *context)
{
    Modules *modules = context;

    (void)size;
    modules->version = version_of(info);
    if (modules->count < MODULES) {
        tell_module(&modules->all[modules->count], info);
        modules->count++;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Telling
 * --------------------------------------------------------------------------------------------- */

static bool has(const Modules *modules, const Module *wanted)
{
    size_t i = 0;

    if (modules == NULL) {
        return false;
    }
    while (i < modules->count && (modules->all[i].start != wanted->start ||
                                  strcmp(modules->all[i].text, wanted->text) != 0)) {
        i++;
    }
    return i < modules->count;
}

/* Appends events for the modules that others have not. */
static void tell_more(RecordThread *self, const Modules *modules, const Modules *others,
                      TraceRare rare)
{
    for (size_t i = 0; modules != NULL && i < modules->count; i++) {
        const Module *module = &modules->all[i];
        uint64_t words[2] = {module->start, module->bytes};

        if (!has(others, module) && record_reserve(self, 3 + TEXT_BYTES / sizeof words)) {
            record_put_rare(self, rare, 0, words, rare == TRACE_MODULE_LOADED ? module->text : "");
        }
    }
}

/* Of two threads that look at once, one may come with what is older. */
static Modules *tell_changes(RecordThread *self, Modules *found)
{
    Modules *old = found;

    spin_take(&lock);
    if (known == NULL || known->version < found->version) {
        tell_more(self, known, found, TRACE_MODULE_UNLOADED);
        tell_more(self, found, known, TRACE_MODULE_LOADED);
        old = known;
        __atomic_store_n(&known, found, __ATOMIC_RELEASE);
    }
    spin_release(&lock);
    return old;
}

static uint64_t known_version(void)
{
    const Modules *modules = __atomic_load_n(&known, __ATOMIC_ACQUIRE);

    return modules == NULL ? 0 : modules->version;
}

void modules_look(RecordThread *self)
{
    uint64_t version = 0;
    Modules *found, *old;

    dl_iterate_phdr(read_version, &version);
    if (version <= known_version()) {
        return;
    }
    found = pages_map_for_now(sizeof *found);
    if (found == NULL) {
        return;
    }
    dl_iterate_phdr(collect, found);
    old = tell_changes(self, found);
    if (old != NULL) {
        pages_unmap(old, sizeof *old);
    }
}

bool modules_know(ModuleRange *hint, const void *address)
{
    bool found = false;

    spin_take(&lock);
    for (size_t i = 0; known != NULL && i < known->count && !found; i++) {
        note_range(&known->all[i], (uintptr_t)address, hint);
        found = modules_has(hint, address);
    }
    spin_release(&lock);
    return found;
}

void modules_forget(void)
{
    known = NULL;
    lock = (Spin){SPIN_FREE};
}
