/* SPDX-License-Identifier: MIT
 *
 * libmem-record.so: what libmem.so loads to record the calls of programs that use it. */
#include <stdlib.h>

#include "os/environment.h"
#include "record/grown.h"
#include "record/info.h"
#include "record/modules.h"
#include "record/record.h"
#include "record/source-file.h"
#include "record/stamp.h"
#include "region/hook.h"

enum { REGIONS = 63, INFO_BYTES = 8 << 10 };

/* A region that there is. */
typedef struct DirectRegion {
    size_t capacity, unit; /* bytes; capacity 0: there is no such region */
} DirectRegion;

static DirectRegion regions[REGIONS];

/* Regions that were created, recorded or not. Atomic. */
static unsigned created;

/* The only one to be recorded; 0: all are. */
static unsigned wanted;

/* The module that a caller of this thread was in last. */
static __thread ModuleRange last_module;

/* A region's number in the trace. */
static unsigned number_of(unsigned region)
{
    return region - 1;
}

static void tell_region(unsigned number)
{
    record_rare(TRACE_REGION_BEGINS, number, regions[number].capacity, regions[number].unit, "");
}

static void describe(void)
{
    char text[INFO_BYTES];

    source_file.inform(text, info_write(text, sizeof text));
    for (unsigned number = 0; number < REGIONS; number++) {
        if (regions[number].capacity != 0) {
            tell_region(number);
        }
    }
}

/* The first caller in a module that is not known has the thread look for it. */
static RecordCaller caller_of(const HookCall *call)
{
    if (UNLIKELY(!modules_has(&last_module, call->caller)) &&
        !modules_know(&last_module, call->caller)) {
        record_look();
    }
    return RECORD_CALLER(call->caller);
}

static RecordRequest request_of(const HookCall *call)
{
    return (RecordRequest){.size = call->size,
                           .alignment = call->alignment,
                           .region = number_of(call->region),
                           .kind = call->cleared ? RAW_CALLOC : RAW_ALLOC};
}

/* ------------------------------------------------------------------------------------------------
 * The hook
 * --------------------------------------------------------------------------------------------- */

static unsigned begin(size_t capacity, size_t unit)
{
    unsigned order = __atomic_add_fetch(&created, 1, __ATOMIC_RELAXED);

    if (!record_is_on() || (wanted != 0 && order != wanted)) {
        return 0;
    }
    for (unsigned number = 0; number < REGIONS; number++) {
        size_t none = 0;

        if (__atomic_compare_exchange_n(&regions[number].capacity, &none, capacity, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            regions[number].unit = unit;
            tell_region(number);
            return number + 1;
        }
    }
    return 0;
}

static void end(unsigned region)
{
    record_rare(TRACE_REGION_ENDS, number_of(region), 0, 0, "");
    __atomic_store_n(&regions[number_of(region)].capacity, 0, __ATOMIC_RELEASE);
}

static void reset(unsigned region)
{
    record_rare(TRACE_REGION_RESET, number_of(region), 0, 0, "");
}

static void alloc(const HookCall *call, const void *block)
{
    const RecordRequest request = request_of(call);

    record_alloc(caller_of(call), &request, block);
}

static void free_block(const HookCall *call, const void *block)
{
    record_free(caller_of(call), number_of(call->region), block);
}

static bool move_from(const HookCall *call, const void *block)
{
    return record_move_from(caller_of(call), number_of(call->region), block);
}

static void move_to(const HookCall *call, const void *block)
{
    const RecordRequest request = request_of(call);

    record_move_to(RECORD_CALLER(call->caller), &request, block);
}

/* What libmem.so asks for. */
__attribute__((__visibility__("default"))) HookFind direct_find __asm__(HOOK_SYMBOL);

const Hook *direct_find(const void *inside)
{
    static const Hook hook = {begin, end, reset, alloc, free_block, move_from, move_to};
    const char *region = environment_get("LIBMEM_RECORD_REGION");
    RecordOptions options = {.source = &source_file, .own = inside, .describe = describe};

    wanted = region == NULL ? 0 : (unsigned)strtoul(region, NULL, 10);
    stamp_choose();
    if (!source_file_open(&options.start) || !record_start(&options)) {
        return NULL;
    }
    record_prepare();
    return &hook;
}
