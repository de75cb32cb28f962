/* SPDX-License-Identifier: MIT
 *
 * The hook by which calls on regions are recorded. A recorded region has no caches, and fast.h does
 * not serve it: so all of its calls take the general way, where the hook is asked. Other calls are
 * not touched. Functions of the hook must not use regions, nor wait for threads that do. */
#ifndef MEM_SRC_HOOK_H
#define MEM_SRC_HOOK_H

#include "region/region.h"

/* What was asked for, and from where. */
typedef struct HookCall {
    unsigned region;    /* number of the region */
    bool cleared;       /* the block is to be all 0 */
    size_t size;        /* bytes */
    size_t alignment;   /* bytes, a power of two; 0: the region's */
    const void *caller; /* where the program's call returns to */
} HookCall;

typedef struct Hook {
    /* Called when a region is created, before anybody knows it. Returns its number, from 1 on; 0: it
     * is not to be recorded. */
    unsigned (*begin)(size_t capacity, size_t unit);

    /* Called before a region is destroyed, or reset. */
    void (*end)(unsigned region);
    void (*reset)(unsigned region);

    /* Called with the region's lock: after a block was allocated (NULL: there was no memory); before
     * a block is freed; before it is resized, and if that returned true, with the result (NULL: the
     * block is as it was). */
    void (*alloc)(const HookCall *call, const void *block);
    void (*free)(const HookCall *call, const void *block);
    bool (*move_from)(const HookCall *call, const void *block);
    void (*move_to)(const HookCall *call, const void *block);
} Hook;

/* NULL: nothing is recorded. Set before there are regions, and stays. */
extern HIDDEN const Hook *hook_used;

/* The name of the function that libmem-record.so has: it returns the hook, or NULL. inside: an
 * address in the module that calls. */
#define HOOK_SYMBOL "libmem_record_hook"
typedef const Hook *HookFind(const void *inside);

/* Decides whether a new region, whose heap is initialized, is recorded. */
void hook_begin(Region *region);

/* Keeps a recorded region on the general way: to be called whenever its heap is made anew. */
static inline void hook_keep(Region *region)
{
    if (UNLIKELY(region->recorded != 0)) {
        region->heap.fast_classes = region->heap.fast_end = 0;
    }
}

static inline void hook_end(const Region *region)
{
    if (UNLIKELY(region->recorded != 0)) {
        hook_used->end(region->recorded);
    }
}

static inline void hook_reset(const Region *region)
{
    if (UNLIKELY(region->recorded != 0)) {
        hook_used->reset(region->recorded);
    }
}

static inline void hook_alloc(const Region *region, HookCall call, const void *block)
{
    if (UNLIKELY(region->recorded != 0)) {
        call.region = region->recorded;
        hook_used->alloc(&call, block);
    }
}

static inline void hook_free(const Region *region, HookCall call, const void *block)
{
    if (UNLIKELY(region->recorded != 0)) {
        call.region = region->recorded;
        hook_used->free(&call, block);
    }
}

static inline bool hook_move_from(const Region *region, HookCall *call, const void *block)
{
    call->region = region->recorded;
    return UNLIKELY(region->recorded != 0) && hook_used->move_from(call, block);
}

#endif
