/* SPDX-License-Identifier: MIT
 *
 * Creates, resets and destroys regions. */
#include <errno.h>

#include "region/caches.h"
#include "region/hook.h"
#include "region/lifecycle.h"
#include "region/registry.h"

static const Mem_Options default_options;

Mem_Region *Mem_RegionCreate(size_t size, const Mem_Options *options)
{
    return lifecycle_create(size, options == NULL ? &default_options : options);
}

Mem_Region *Mem_RegionCreateAt(void *memory, size_t size, const Mem_Options *options)
{
    return lifecycle_create_at(memory, size, options == NULL ? &default_options : options);
}

int Mem_RegionDestroy(Mem_Region *handle)
{
    if (handle == NULL || handle == region_get_default()) {
        return Mem_Exit();
    }
    if (registry_is_visiting()) {
        errno = EDEADLK;
        return -1;
    }
    lifecycle_destroy(handle);
    return 0;
}

int Mem_RegionReset(Mem_Region *handle)
{
    Region *region = region_wanted(handle);
    Heap *heap;
    Operation operation;
    uint64_t blocks;

    if (region == NULL) {
        return -1;
    }
    operation_begin_look(&operation, region);
    hook_reset(region);
    caches_reset(region);
    heap = &region->heap;
    blocks = heap->taken - heap->given;
    heap->given += blocks;
    region->more_frees -= blocks;
    heap_clear_map(heap);
    heap_init(heap);
    hook_keep(region);
    operation_end_look(&operation);
    return 0;
}
