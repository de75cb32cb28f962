/* SPDX-License-Identifier: MIT */
#include "shaped.h"

#include <stdlib.h>
#include <string.h>

#include "region/layout.h"
#include "region/registry.h"

Bed shaped_open(const Shape *shape)
{
    size_t unit = (size_t)1 << shape->shift;
    size_t heap_bytes = shape->units * unit + FENCE_BYTES;
    Layout layout = {.alignment = shape->alignment, .shift = shape->shift};
    Bed bed = {.alignment = shape->alignment};
    uintptr_t address;
    char *memory;
    Region *region;

    layout_place_front(&layout, shape->classes, heap_bytes >> shape->shift, shape->gap);
    layout.end = layout.first + shape->units;
    layout.heap = layout.guard + shape->gap * unit;
    layout.end_guard = layout.total = layout.heap + heap_bytes;
    /* Chosen so that the first block is aligned. */
    bed.memory_size = layout.total + shape->alignment;
    bed_take_memory(&bed);
    address = (uintptr_t)bed_memory(&bed);
    memory = bed_memory(&bed) + (-(address + layout.heap) & (shape->alignment - 1));
    memset(memory, 0, layout.heads);
    region = (Region *)(void *)(memory + layout.region);
    region->front = layout.region;
    region->total = layout.total;
    region->alignment = (unsigned short)layout.alignment;
    lock_init(&region->lock, LOCK_USUAL);
    layout_shape_heap(&layout, &region->heap);
    region->heap.clean = region->heap.end;
    heap_init(&region->heap);
    /* The limits of the short way. */
    ck_assert_uint_eq(region->heap.fast_classes, unit == UNIT_BYTES ? layout.classes : 0);
    ck_assert_uint_eq(region->heap.fast_end, unit == UNIT_BYTES ? layout.end : 0);
    registry_add(region);
    bed.region = region_handle(region);
    bed.first = heap_address(&region->heap, region->heap.first);
    bed.capacity = shape->units * unit;
    return bed;
}
