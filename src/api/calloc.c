/* SPDX-License-Identifier: MIT
 *
 * Calloc and AlignedAlloc. */
#include <errno.h>
#include <string.h>

#include "heap/fast.h"
#include "os/pages.h"
#include "region/caches.h"
#include "region/full.h"
#include "region/hook.h"
#include "region/layout.h"

/* Bytes from which on pages are given back to the system instead of cleared.
 *
 * Memory that was in use: a shorter block is in the processor's caches, where clearing takes a
 * fraction of the time of giving back. Beyond, both take about as long, and unused pages need not
 * be resident.
 *
 * Memory that was never in use has no pages, unless a program wrote beyond its blocks. Giving back
 * no pages takes less than a microsecond; clearing takes a page fault for each. */
enum { USED_BYTES = 16 << 20, UNUSED_BYTES = 64 << 10 };

/* Clears whole pages by giving them back. Returns false if they are not cleared. */
static bool clear_pages(char *begin, char *end)
{
    return begin < end && pages_release(begin, (size_t)(end - begin));
}

/* Clears memory from one position to another, if they are in this order. From `least` bytes on
 * gives pages back. */
static void clear_units(Region *region, size_t from, size_t to, size_t least)
{
    char *begin, *end, *first, *last;

    if (from >= to) {
        return;
    }
    begin = heap_address(&region->heap, from);
    end = heap_address(&region->heap, to);
    first = end;
    last = end;
    if (region->returns && (size_t)(end - begin) >= least) {
        size_t page = pages_size();

        first = (char *)layout_round_up((uintptr_t)begin, page);
        last = (char *)((uintptr_t)end & ~(page - 1));
        if (!clear_pages(first, last)) {
            first = last = end;
        }
    }
    memset(begin, 0, (size_t)(first - begin));
    memset(last, 0, (size_t)(end - last));
}

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Returns the position where the last page of the heap begins. It is open from the start, since the
 * fence is in it. */
static size_t last_page(Region *region)
{
    Heap *heap = &region->heap;
    size_t bytes = (uintptr_t)heap_address(heap, heap->end) & (pages_size() - 1);

    return heap->end - (bytes >> heap->shift);
}

/* Clears a new block, given Heap's `clean` and `open` from before it was taken. Memory opened for
 * it is all 0. */
static void clear(Region *region, Pos block, size_t units, Pos clean, Pos open)
{
    size_t end = lesser(block + units, open);
    size_t used = clean < block ? block : lesser(clean, end);

    clear_units(region, block, used, USED_BYTES);
    clear_units(region, used, end, UNUSED_BYTES);
    if (UNLIKELY(end < block + units)) {
        clear_units(region, last_page(region), block + units, UNUSED_BYTES);
    }
}

/* Returns a cleared block from the calling thread's cache, or NULL. */
static void *calloc_cached(Region *region, size_t bytes)
{
    Link *links = (Link *)(void *)region_handle(region);
    size_t size_class = caches_class(region, fast_units(links, bytes), 1);
    size_t block = caches_alloc(region, size_class);

    if (block == 0) {
        return NULL;
    }
    caches_count(region, CACHES_CALLOC);
    return memset(&links[block], 0, sizes_units(size_class) * UNIT_BYTES);
}

void *Mem_RegionCalloc(Mem_Region *handle, size_t count, size_t size)
{
    Region *region;
    Operation operation;
    size_t bytes, units;
    bool fits = !__builtin_mul_overflow(count, size, &bytes);
    HookCall call = {.cleared = true, .caller = __builtin_return_address(0)};
    Pos block = 0;
    Pos clean, open;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    if (region_is_cached(region) && fits) {
        void *cached = calloc_cached(region, bytes);

        if (cached != NULL) {
            return cached;
        }
    }
    operation_begin(&operation, region);
    region->callocs++;
    if (fits) {
        Mem_Full full = {.asked = 0};

        units = heap_units(operation.heap, bytes);
        do {
            clean = operation.heap->clean;
            open = operation.heap->open;
            block = caches_take_block(&operation, (Take){.units = units});
        } while (block == 0 && full_ask(&operation, (Take){.units = units}, &full));
        if (block != 0) {
            region->more_allocs--;
            /* Clears without the lock: the block is the caller's already. */
            operation_pause(&operation);
            clear(region, block, units, clean, open);
            operation_resume(&operation);
        }
    }
    call.size = fits ? bytes : SIZE_MAX;
    hook_alloc(region, call, block == 0 ? NULL : heap_address(operation.heap, block));
    return operation_end_with_block(&operation, block);
}

void *Mem_RegionAlignedAlloc(Mem_Region *handle, size_t alignment, size_t size)
{
    Region *region;
    HookCall call = {.size = size, .alignment = alignment, .caller = __builtin_return_address(0)};
    Operation operation;
    size_t units;
    Pos block;

    region = region_wanted(handle);
    if (region == NULL) {
        return NULL;
    }
    if (!bits_is_power_of_two(alignment)) {
        operation_begin(&operation, region);
        region->aligned_allocs++;
        operation_end(&operation);
        errno = EINVAL;
        return NULL;
    }
    units = heap_units(&region->heap, size);
    block = (Pos)caches_alloc(region, caches_class(region, units, alignment));
    if (block != 0) {
        caches_count(region, CACHES_ALIGNED_ALLOC);
        return heap_address(&region->heap, block);
    }
    operation_begin(&operation, region);
    region->aligned_allocs++;
    block = full_take_block(&operation, (Take){alignment, units});
    region->more_allocs -= block != 0;
    hook_alloc(region, call, block == 0 ? NULL : heap_address(operation.heap, block));
    return operation_end_with_block(&operation, block);
}
