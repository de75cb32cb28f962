/* SPDX-License-Identifier: MIT
 *
 * names FILE: prints the names of three callers in this program, as if it had been recorded from FILE. See names.sh. */
#include "replay/symbols.h"

#include <link.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A trace of this process: one module, and callers that all have the event 0. */
struct Trace {
    TraceModule module;
    unsigned char build_id[64];
    uint64_t callers[8]; /* return addresses; callers[0] is unknown */
    uint32_t count;
};

TraceCaller trace_caller(const Trace *trace, uint32_t caller)
{
    return (TraceCaller){.address = trace->callers[caller]};
}

size_t trace_modules(const Trace *trace)
{
    return trace->module.path == NULL ? 0 : 1;
}

const TraceModule *trace_module(const Trace *trace, size_t index)
{
    return index == 0 ? &trace->module : NULL;
}

const TraceModule *trace_find_module(const Trace *trace, uint64_t address, uint64_t event)
{
    (void)event;
    return address - trace->module.start < trace->module.bytes ? &trace->module : NULL;
}

const char *trace_info(const Trace *trace, const char *key)
{
    (void)trace;
    (void)key;
    return NULL;
}

/* ------------------------------------------------------------------------------------------------
 * Callers
 * --------------------------------------------------------------------------------------------- */

static Trace trace;

__attribute__((noinline)) static void called(void)
{
    trace.callers[++trace.count] = (uint64_t)(uintptr_t)__builtin_return_address(0);
    __asm__ volatile("");
}

__attribute__((noinline)) static void plain_caller(void)
{
    called(); /* PLAIN */
    __asm__ volatile("");
}

__attribute__((always_inline)) static inline void wrapper(void)
{
    called();
    __asm__ volatile("");
}

__attribute__((noinline)) static void caller_of_inlined(void)
{
    wrapper(); /* INLINED */
    __asm__ volatile("");
}

static jmp_buf back;

__attribute__((noinline, noreturn)) static void leave(void)
{
    trace.callers[++trace.count] = (uint64_t)(uintptr_t)__builtin_return_address(0);
    longjmp(back, 1);
}

/* The call is the last instruction, so it would return to what follows the function. */
__attribute__((noinline, noreturn)) static void last_caller(void)
{
    leave(); /* LAST */
}

/* ------------------------------------------------------------------------------------------------
 * The module
 * --------------------------------------------------------------------------------------------- */

/* The build-id is the description of a note: lengths of name and description, type, "GNU", description. */
static void take_note(const char *note, size_t bytes)
{
    uint32_t head[3];

    memcpy(head, note, sizeof head);
    if (bytes >= 16 + (size_t)head[1] && head[2] == NT_GNU_BUILD_ID &&
        head[1] <= sizeof trace.build_id) {
        memcpy(trace.build_id, note + 16, head[1]);
        trace.module.build_id = trace.build_id;
        trace.module.build_id_bytes = head[1];
    }
}

static int take_program(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    (void)data;
    trace.module.bias = trace.module.start = info->dlpi_addr;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uint64_t end = header->p_vaddr + header->p_memsz;

        if (header->p_type == PT_LOAD && end > trace.module.bytes)
            trace.module.bytes = end;
        if (header->p_type == PT_NOTE)
            for (size_t at = 0; at + 16 < header->p_memsz; at += 4)
                if (memcmp((char *)info->dlpi_addr + header->p_vaddr + at + 12, "GNU", 4) == 0)
                    take_note((char *)info->dlpi_addr + header->p_vaddr + at, header->p_memsz - at);
    }
    return 1;
}

int main(int argc, char **argv)
{
    dl_iterate_phdr(take_program, NULL);
    trace.module.path = argc > 1 ? argv[1] : "";
    plain_caller();
    caller_of_inlined();
    if (setjmp(back) == 0)
        last_caller();
    trace.callers[++trace.count] = 0x1234;

    Symbols *symbols = symbols_open(&trace);
    if (symbols == NULL)
        return EXIT_FAILURE;
    for (uint32_t i = 0; i <= trace.count; i++) {
        puts(symbols_name(symbols, i, 0));
        if (symbols_name(symbols, i, 0) != symbols_name(symbols, i, 0))
            puts("it was looked up twice");
    }
    for (size_t i = 0; symbols_note(symbols, i) != NULL; i++)
        printf("note: %s\n", symbols_note(symbols, i));
    symbols_close(symbols);
    return EXIT_SUCCESS;
}
