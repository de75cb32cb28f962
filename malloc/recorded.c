/* SPDX-License-Identifier: MIT */
#include "recorded.h"

#include "path.h"
#include "record/record.h"
#include "recording.h"

/* Records a call. Keeps errno, which belongs to the program's call. */
static ALWAYS_INLINE void *note(RecordCaller caller, RecordRequest request, void *block)
{
    request.region = recording_region();
    record_alloc(caller, &request, block);
    return block;
}

void *recorded_alloc(size_t size, const void *caller)
{
    Mem_Region *region = path_region();

    return region == NULL ? NULL
                          : note(RECORD_CALLER(caller), (RecordRequest){.size = size},
                                 path_alloc_in(region, size));
}

void *recorded_alloc_aligned(size_t alignment, size_t size, const void *caller)
{
    Mem_Region *region = path_region();
    RecordRequest request = {.size = size, .alignment = alignment};

    return region == NULL ? NULL
                          : note(RECORD_CALLER(caller), request,
                                 path_alloc_aligned_in(region, alignment, size));
}

void *recorded_calloc(size_t count, size_t size, const void *caller)
{
    Mem_Region *region = path_region();
    RecordRequest request = {.kind = RAW_CALLOC};

    if (__builtin_mul_overflow(count, size, &request.size)) {
        request.size = SIZE_MAX;
    }
    return region == NULL
               ? NULL
               : note(RECORD_CALLER(caller), request, path_calloc_in(region, count, size));
}

void *recorded_resize(void *pointer, size_t size, const void *address)
{
    Mem_Region *region = path_region();
    RecordCaller caller = RECORD_CALLER(address);
    RecordRequest request = {.size = size, .region = recording_region()};
    bool is_recorded;
    void *block;

    if (region == NULL) {
        return NULL;
    }
    is_recorded = record_move_from(caller, request.region, pointer);
    block = path_resize_in(region, pointer, size);
    if (is_recorded) {
        record_move_to(caller, &request, block);
    }
    return block;
}

void recorded_free(void *pointer, const void *caller)
{
    Mem_Region *region = path_region();

    if (region != NULL) {
        record_free(RECORD_CALLER(caller), recording_region(), pointer);
        path_free_in(region, pointer);
    }
}
