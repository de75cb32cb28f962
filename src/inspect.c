/* SPDX-License-Identifier: MIT
 *
 * Calls that look at a region and change nothing. */
#include <errno.h>

#include "operations.h"
#include "pages.h"

/* Whether the live bits say what the map says. */
static bool check_live(Region *region, char *message, size_t size)
{
    Pos wrong = region_find_wrong_live(region);

    if (wrong != 0 && message != NULL && size != 0) {
        snprintf(message, size, "%p: whether the program has this block is noted wrong",
                 heap_address(&region->heap, wrong));
    }
    return wrong == 0;
}

int Mem_RegionCheck(Mem_Region *handle)
{
    return Mem_RegionCheckReport(handle, NULL, 0);
}

int Mem_RegionCheckReport(Mem_Region *handle, char *message, size_t size)
{
    Region *region;
    Operation operation;
    bool sound;

    if (message != NULL && size != 0) {
        message[0] = '\0';
    }
    region = region_wanted(handle);
    if (region == NULL) {
        return -1;
    }
    operation_begin_settled(&operation, region);
    sound = heap_check(&region->heap, message, size) && check_live(region, message, size);
    if (!sound && !heap_map_holds(&region->heap)) {
        region_break(region);
    }
    operation_end(&operation);
    if (!sound) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    return 0;
}

/* Bytes of a region that are address space only. */
static size_t guard_bytes(const Region *region)
{
    const Heap *heap = &region->heap;

    return region->mapped ? heap_bytes(heap, heap->first - heap->heads) + 2 * pages_size() : 0;
}

void region_stats(Region *region, Mem_Stats *stats)
{
    Heap *heap = &region->heap;
    size_t capacity = region_capacity(region);
    uint64_t pops = region->has_magazines ? region_cached(region)->pops : 0;

    *stats = (Mem_Stats){
        .capacity = capacity,
        .bytes_in_use = heap_bytes(heap, heap_in_use(heap)),
        .bytes_free = capacity - heap_bytes(heap, heap_in_use(heap)),
        .peak_in_use = heap_bytes(heap, heap->peak),
        .largest_free = heap_bytes(heap, heap_largest_free(heap)),
        .blocks_in_use = heap_used_blocks(heap),
        .blocks_free = heap_free_blocks(heap),
        .bookkeeping = region->total - guard_bytes(region) - capacity,
        .allocs = heap->taken + region->more_allocs + pops,
        .callocs = region->callocs,
        .reallocs = region->reallocs,
        .aligned_allocs = region->aligned_allocs,
        .frees = heap->given + region->more_frees + pops,
        .failures = region->failures,
        .misuses = region->misuses,
    };
}

int Mem_RegionGetStats(Mem_Region *handle, Mem_Stats *stats)
{
    Region *region;
    Operation operation;
    bool broken;

    region = region_wanted(handle);
    if (region == NULL) {
        return -1;
    }
    if (stats == NULL) {
        errno = EINVAL;
        return -1;
    }
    operation_begin_settled(&operation, region);
    broken = region->heap.broken;
    if (!broken) {
        region_stats(region, stats);
    }
    operation_end(&operation);
    if (broken) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    return 0;
}
