/* SPDX-License-Identifier: MIT
 *
 * Free, on the default region or any other: into a cache, or back to the heap. */
#include "api/free.h"

#include <errno.h>

#include "heap/fast.h"
#include "region/caches.h"
#include "region/hook.h"
#include "region/misuse.h"

/* Ends a free of a bad pointer. */
static int end_failed(Operation *operation, const void *pointer)
{
    operation->region->more_frees++;
    operation_end_with_bad_pointer(operation, pointer);
    return -1;
}

static int fail(Region *region, const void *pointer)
{
    Operation operation;

    operation_begin(&operation, region);
    return end_failed(&operation, pointer);
}

/* Frees the general way, which also handles bad pointers. */
static __attribute__((__noinline__)) int free_generally(Region *region, void *pointer)
{
    Operation operation;
    Pos block;

    operation_begin(&operation, region);
    if (pointer == NULL) {
        region->more_frees++;
    } else {
        block = caches_find_block(&operation, pointer);
        if (block == 0) {
            return end_failed(&operation, pointer);
        }
        hook_free(region, (HookCall){.caller = __builtin_return_address(0)}, pointer);
        operation_give(&operation, block);
    }
    operation_end(&operation);
    return 0;
}

/* Finishes a free after a neighbour's links turned out to be overwritten: the block no longer
 * counted as in use. */
static void repair(Operation *operation, size_t block)
{
    operation_recover(operation);
    operation_give(operation, (Pos)block);
}

/* Continues after the short way, without the lock: a FastGiveFail. */
static __attribute__((__noinline__)) int free_otherwise(Link *links, size_t start,
                                                        HeapResult result)
{
    Region *region = region_of((Mem_Region *)(void *)links);
    Operation operation;

    if (result != HEAP_DAMAGED) {
        return free_generally(region, fast_pointer(links, start));
    }
    operation_begin(&operation, region);
    repair(&operation, start);
    operation_end(&operation);
    return 0;
}

/* Passes on the result of the short way, under the lock: a FastGiveFail. */
static int tell(Link *links, size_t start, HeapResult result)
{
    (void)links;
    (void)start;
    return (int)result;
}

static __attribute__((__noinline__)) int free_locked(Link *links, size_t start)
{
    Region *region = region_of((Mem_Region *)(void *)links);
    int result = (int)HEAP_FULL;
    Operation operation;
    FastGiven given;
    size_t run = 0;

    operation_begin(&operation, region);
    /* Its tag was 0 before. If it is no block of the program's, it may be in a span by now. */
    if (start >= region->heap.end || region_tag(region, start) == 0) {
        given = fast_give_alone(links, start, &run);
        result = given == FAST_GIVEN ? 0 : fast_give_other(links, start, run, given, tell);
    }
    if (UNLIKELY(result == (int)HEAP_DAMAGED)) {
        repair(&operation, start);
    }
    operation_end(&operation);
    return LIKELY(result != (int)HEAP_FULL) ? 0
                                            : free_generally(region, fast_pointer(links, start));
}

/* Frees a block of the heap. Rarer cases are tail calls, so this needs no stack frame. */
static __attribute__((__noinline__)) int free_in_heap(Link *links, size_t start)
{
    FastGiven given;
    size_t run = 0;

    if (UNLIKELY(!lock_is_needless())) {
        return free_locked(links, start);
    }
    given = fast_give_alone(links, start, &run);
    return LIKELY(given == FAST_GIVEN) ? 0
                                       : fast_give_other(links, start, run, given, free_otherwise);
}

int free_slowly(Mem_Region *handle, size_t start)
{
    Region *region = region_of(handle);
    Link *links = (Link *)(void *)handle;

    switch (start < region->heap.end ? caches_free(region, start) : CACHE_ELSEWHERE) {
    case CACHE_FREED:
        return 0;
    case CACHE_TWICE:
        return fail(region, fast_pointer(links, start));
    default:
        return free_in_heap(links, start);
    }
}

static ALWAYS_INLINE int give(Mem_Region *handle, void *pointer)
{
    Link *links = (Link *)(void *)handle;
    size_t start = fast_position(links, pointer);

    if (!region_is_cached(region_of(handle))) {
        return free_in_heap(links, start);
    }
    if (LIKELY(caches_push(region_of(handle), pointer, start) == CACHE_FREED)) {
        return 0;
    }
    return free_slowly(handle, start);
}

static int free_nowhere(const void *pointer)
{
    Mem_Misuse misuse = {.kind = MEM_MISUSE_NO_REGION, .pointer = pointer};

    if (pointer == NULL) {
        return 0;
    }
    misuse_report(&misuse);
    errno = EINVAL;
    return -1;
}

int Mem_Free(void *ptr)
{
    Mem_Region *region = region_get_default();

    if (UNLIKELY(region == NULL)) {
        return free_nowhere(ptr);
    }
    return give(region, ptr);
}

int Mem_RegionFree(Mem_Region *region, void *ptr)
{
    if (UNLIKELY(region == NULL)) {
        return Mem_Free(ptr);
    }
    return give(region, ptr);
}
