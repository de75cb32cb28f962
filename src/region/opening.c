/* SPDX-License-Identifier: MIT */
#include "region/opening.h"

#include "os/pages.h"
#include "region/layout.h"

/* Open memory grows by at least this part of itself. */
enum { OPEN_SHARE = 8 };

/* Recomputes the layout by which a region was created. */
static void lay_out(const Region *region, Layout *layout)
{
    const Heap *heap = &region->heap;
    size_t page = pages_size();
    size_t bytes = heap_bytes(heap, heap->end - heap->first) + FENCE_BYTES;

    layout_mapped(layout, layout_round_up(bytes, page), region->alignment, page, region->pooled);
}

/* Opens pages. If a filter of system calls may forbid it, they stay excluded from core files. */
static bool open_some(char *memory, size_t size)
{
    if (size != 0 && !pages_open(memory, size)) {
        return false; /* and closed pages stay excluded from core files */
    }
    if (size != 0 && threads_begin_call()) {
        pages_take_in(memory, size);
        threads_end_call();
    }
    return true;
}

/* Opens all parts that must be open with the heap up to a position. The heap comes last: it takes
 * most memory. */
static bool open_to(Region *region, const Layout *layout, Pos open)
{
    size_t page = pages_size();
    char *memory = (char *)region - layout->region;
    Hole before[HOLES], after[HOLES];

    layout_holes(layout, region->heap.open, page, before);
    layout_holes(layout, open, page, after);
    for (int i = 0; i < HOLES; i++) {
        if (!open_some(memory + before[i].begin, after[i].begin - before[i].begin)) {
            return false;
        }
    }
    if (region_is_cached(region)) {
        pool_open(region_pool(region), layout_open_pool(layout, open, page));
    }
    __atomic_store_n(&region->heap.open, open, __ATOMIC_RELAXED);
    return true;
}

bool opening_reach(Region *region, Pos wanted)
{
    Heap *heap = &region->heap;
    uintptr_t memory;
    size_t open, least, more;
    Layout layout;

    if (heap->open == heap->end || wanted > heap->end) {
        return false;
    }
    lay_out(region, &layout);
    memory = (uintptr_t)region - layout.region;
    open = heap_bytes(heap, heap->open - heap->first);
    least = heap_bytes(heap, wanted - heap->first);
    more = open + (open / OPEN_SHARE > LAYOUT_STEP ? open / OPEN_SHARE : LAYOUT_STEP);
    return (more > least && open_to(region, &layout, layout_open_end(&layout, memory, more))) ||
           open_to(region, &layout, layout_open_end(&layout, memory, least));
}
