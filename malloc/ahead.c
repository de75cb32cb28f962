/* SPDX-License-Identifier: MIT */
#include "ahead.h"

#include "pages.h"

/* Beyond every address: nothing is ever due. */
#define NEVER UINTPTR_MAX

uintptr_t ahead_end = NEVER;

void ahead_start(Mem_Region *region, bool wanted)
{
    ahead_end = wanted ? ahead_clean(region) : NEVER;
}

static uintptr_t page_down(uintptr_t address)
{
    return address & ~((uintptr_t)pages_size() - 1);
}

/* Where the last page ends that holds anything before an address. */
static uintptr_t page_up(uintptr_t address)
{
    return page_down(address + pages_size() - 1);
}

/* Where to end for what is in use up to an address. */
static uintptr_t wanted_end(Mem_Region *region, uintptr_t clean)
{
    Heap *heap = &region_of(region)->heap;
    uintptr_t heap_end = (uintptr_t)heap_address(heap, heap->end);
    size_t more = (clean - (uintptr_t)heap_address(heap, heap->first)) / AHEAD_SHARE;

    more = more < AHEAD_LEAST ? AHEAD_LEAST : more > AHEAD_MOST ? AHEAD_MOST : more;
    return page_up(heap_end - clean < more ? heap_end : clean + more);
}

/* Threads may come at the same time: one does it. */
void ahead_get(Mem_Region *region, size_t size)
{
    uintptr_t clean = ahead_clean(region);
    uintptr_t begin = __atomic_load_n(&ahead_end, __ATOMIC_RELAXED);
    bool is_large = size >= AHEAD_BLOCK;
    uintptr_t end = is_large ? page_up(clean) : wanted_end(region, clean);

    if (clean > begin &&
        __atomic_compare_exchange_n(&ahead_end, &begin, end, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED) &&
        !is_large && !pages_populate((void *)page_down(begin), end - page_down(begin))) {
        __atomic_store_n(&ahead_end, NEVER, __ATOMIC_RELAXED);
    }
}

bool ahead_release(Mem_Region *region)
{
    bool locked = region_lock(region_of(region));
    uintptr_t begin = page_up(ahead_clean(region));
    uintptr_t end = __atomic_load_n(&ahead_end, __ATOMIC_RELAXED);
    bool done = false;

    if (end != NEVER && end > begin) {
        done = pages_release((void *)begin, end - begin);
        __atomic_store_n(&ahead_end, begin, __ATOMIC_RELAXED);
    }
    region_unlock(region_of(region), locked);
    return done;
}
