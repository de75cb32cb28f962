/* SPDX-License-Identifier: MIT */
#include "region/lifecycle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/environment.h"
#include "os/pages.h"
#include "region/caches.h"
#include "region/hook.h"
#include "region/layout.h"
#include "region/mapping.h"
#include "region/name.h"
#include "region/registry.h"

enum {
    ALIGNMENT_MAX = 4096,
    HEAP_WITHOUT_STEPS = 4 << 20 /* bytes; smaller heaps are open from the start */
};

/* In libmem-malloc.so there is one region, and a lock may call functions that others have replaced. */
#define HAS_REGISTRY (!THREAD_MODULE)

#define FLAGS_MAPPING (MEM_POPULATE | MEM_LOCKED | MEM_HUGE | MEM_SPARSE)
#define FLAGS_ALL (FLAGS_MAPPING | MEM_UNLOCKED | MEM_EXACT | MEM_REALTIME)

/* The layout of the structure is a promise, with pointers of any size. */
static_assert(sizeof(void *) != 8 || offsetof(Mem_Options, name) == 16,
              "in the slot that was reserved");
static_assert(offsetof(Mem_Options, name) % _Alignof(Mem_Options) == 0, "the slot has 64 bits");
static_assert(offsetof(Mem_Options, reserved) == offsetof(Mem_Options, name) + sizeof(uint64_t),
              "in place of one that was reserved");
static_assert(sizeof(Mem_Options) == offsetof(Mem_Options, name) + 6 * sizeof(uint64_t),
              "no larger than it was");

/* Returns the alignment that valid options ask for; 0 if they are invalid. */
static size_t wanted_alignment(const Mem_Options *options, unsigned flags_allowed)
{
    size_t alignment = options->alignment == 0 ? UNIT_BYTES : options->alignment;

    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++) {
        if (options->reserved[i] != 0) {
            return 0;
        }
    }
    if ((options->flags & ~flags_allowed) != 0 || options->reserved0 != 0 ||
        !bits_is_power_of_two(alignment) || alignment > ALIGNMENT_MAX) {
        return 0;
    }
    return alignment < UNIT_BYTES ? UNIT_BYTES : alignment;
}

static bool wants_caches(const Mem_Options *options)
{
    const char *value = environment_get("LIBMEM_EXACT");

    return options->alignment <= LINE_BYTES &&
           (options->flags & (MEM_UNLOCKED | MEM_EXACT | MEM_REALTIME)) == 0 &&
           (value == NULL || strcmp(value, "1") != 0);
}

/* Initializes a region in memory with a layout, open up to a position. fresh: a new mapping, all 0.
 * Returns NULL, and sets ENOTSUP, if the system has no such lock. */
static Mem_Region *make_region(void *memory, const Layout *layout, const Mem_Options *options,
                               Pos open, bool fresh)
{
    unsigned flags = options->flags;
    Region *region = (Region *)(void *)((char *)memory + layout->region);
    LockKind lock = flags & MEM_UNLOCKED   ? LOCK_NONE
                    : flags & MEM_REALTIME ? LOCK_INHERITS
                                           : LOCK_USUAL;

    if (!fresh) {
        memset((char *)memory + layout->front, 0, layout->heads - layout->front);
    }
    region->front = layout->region - layout->front;
    region->total = layout->total;
    region->alignment = (unsigned short)layout->alignment;
    region->mapped = fresh;
    if (!lock_init(&region->lock, lock)) {
        errno = ENOTSUP; /* GCOVR_EXCL_LINE: Linux has all kinds */
        return NULL;     /* GCOVR_EXCL_LINE */
    }
    region->returns = fresh && (flags & (MEM_POPULATE | MEM_LOCKED)) == 0;
    region->pooled = layout->pool != 0;
    layout_shape_heap(layout, &region->heap);
    region->heap.open = open;
    region->heap.clean = fresh ? region->heap.first : region->heap.end;
    heap_init(&region->heap);
    hook_begin(region);
    if (layout->pool != 0 && region->recorded == 0) {
        caches_start(region, layout, layout_open_pool(layout, open, pages_size()));
    }
    if (HAS_REGISTRY) {
        name_copy(region->name, options->name);
        registry_add(region);
    }
    return region_handle(region);
}

/* Returns whether a region is opened in steps, as it is if its memory need not be there from the
 * start. That holds for the region of libmem-malloc.so even with MEM_EXACT: it is as large as
 * memory, and no program there has real-time demands. */
static bool opens_in_steps(unsigned flags, const Layout *layout)
{
    const unsigned at_once = MEM_REALTIME | MEM_POPULATE | MEM_LOCKED |
                             (THREAD_MODULE ? 0 : MEM_EXACT);

    return (flags & (MEM_SPARSE | at_once)) == MEM_SPARSE &&
           layout->end_guard - layout->heap > HEAP_WITHOUT_STEPS;
}

Mem_Region *lifecycle_create(size_t size, const Mem_Options *options)
{
    size_t alignment = wanted_alignment(options, FLAGS_ALL);
    Mem_Region *region;
    Layout layout;
    void *memory;
    bool steps;

    if (size == 0 || size > PTRDIFF_MAX || alignment == 0) {
        errno = EINVAL;
        return NULL;
    }
    layout_mapped(&layout, size, alignment, pages_size(), wants_caches(options));
    if (layout.total > PTRDIFF_MAX) { /* even where the system would have room */
        errno = ENOMEM;
        return NULL;
    }
    steps = opens_in_steps(options->flags, &layout);
    memory = mapping_create(&layout, options->flags, steps);
    if (memory == NULL) {
        return NULL;
    }
    if (threads_begin_call()) {
        mapping_leave_out(memory, &layout, steps);
        threads_end_call();
    }
    region = make_region(
        memory, &layout, options,
        steps ? layout_open_end(&layout, (uintptr_t)memory, LAYOUT_STEP) : layout.end, true);
    if (region == NULL) {                  /* GCOVR_EXCL_BR_LINE: Linux has all kinds of locks */
        pages_unmap(memory, layout.total); /* GCOVR_EXCL_LINE */
    }
    return region;
}

Mem_Region *lifecycle_create_at(void *memory, size_t size, const Mem_Options *options)
{
    size_t alignment;
    Layout layout;

    alignment = wanted_alignment(options, FLAGS_ALL & ~FLAGS_MAPPING);
    if (memory == NULL || (uintptr_t)memory % UNIT_BYTES != 0 || size > PTRDIFF_MAX ||
        alignment == 0 ||
        !layout_inside(&layout, (uintptr_t)memory, size, alignment, wants_caches(options))) {
        errno = EINVAL;
        return NULL;
    }
    return make_region(memory, &layout, options, layout.end, false);
}

void lifecycle_destroy(Mem_Region *handle)
{
    Region *region = region_of(handle);

    if (HAS_REGISTRY) {
        registry_remove(region);
    }
    hook_end(region);
    if (region_is_cached(region)) {
        caches_end(region);
    }
    lock_end(&region->lock);
    if (region->mapped) {
        pages_unmap((char *)region - region->front - pages_size(), region->total);
    } else {
        /* From here on no pointer is a block of it, should the program go on using it. */
        region->heap.fast_classes = region->heap.fast_end = 0;
        region->heap.end = region->heap.first;
        region->small = 0;
    }
}
