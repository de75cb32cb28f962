/* SPDX-License-Identifier: MIT */
#include "ahead.h"

#include "os/pages.h"
#include "region/layout.h"

/* An end beyond every address: nothing is ever due. */
#define NEVER UINTPTR_MAX

uintptr_t ahead_end = NEVER;

void ahead_start(Mem_Region *region, bool wanted)
{
    ahead_end = wanted ? ahead_clean(region) : NEVER;
}

/* Returns the end of the pages to populate when memory up to an address is in use: a page boundary
 * in open memory, not beyond the start of the heap's last page, which holds more than the heap. */
static uintptr_t wanted_end(Mem_Region *region, uintptr_t clean)
{
    Heap *heap = &region_of(region)->heap;
    size_t page = pages_size();
    Pos open = __atomic_load_n(&heap->open, __ATOMIC_RELAXED);
    uintptr_t last = (uintptr_t)heap_address(heap, open) & ~(page - 1);
    size_t touched = clean - (uintptr_t)heap_address(heap, heap->first);
    uintptr_t end = layout_round_up(
        clean + bits_between(AHEAD_LEAST, touched / AHEAD_SHARE, AHEAD_MOST), page);

    return end < last ? end : last;
}

/* Populates pages, unless such a call must not be made any more. Returns whether it did. */
static bool populate(uintptr_t begin, uintptr_t end)
{
    bool done = false;

    if (threads_begin_call()) {
        done = pages_populate((void *)begin, end - begin);
        threads_end_call();
    }
    return done;
}

/* If several threads come at the same time, one does it. */
void ahead_get(Mem_Region *region, size_t size)
{
    uintptr_t clean = ahead_clean(region);
    uintptr_t begin = __atomic_load_n(&ahead_end, __ATOMIC_RELAXED);
    bool is_large = size >= AHEAD_BLOCK;
    uintptr_t end = is_large ? layout_round_up(clean, pages_size()) : wanted_end(region, clean);

    if (clean <= begin) {
        return;
    }
    if (end <= begin) {
        end = NEVER; /* the heap has no more pages */
    }
    if (__atomic_compare_exchange_n(&ahead_end, &begin, end, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED) &&
        !is_large && end != NEVER && !populate(begin, end)) {
        __atomic_store_n(&ahead_end, NEVER, __ATOMIC_RELAXED);
    }
}

bool ahead_release(Mem_Region *region)
{
    bool locked = region_lock(region_of(region));
    uintptr_t begin = layout_round_up(ahead_clean(region), pages_size());
    uintptr_t end = __atomic_load_n(&ahead_end, __ATOMIC_RELAXED);
    bool done = false;

    if (end != NEVER && end > begin) {
        done = pages_release((void *)begin, end - begin);
        __atomic_store_n(&ahead_end, begin, __ATOMIC_RELAXED);
    }
    region_unlock(region_of(region), locked);
    return done;
}
