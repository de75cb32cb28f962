/* SPDX-License-Identifier: MIT */
#include "region/full.h"

#include <errno.h>

#include "region/caches.h"

typedef struct Handler {
    Mem_FullHandler *function; /* NULL: there is none */
    void *context;             /* passed to it */
} Handler;

static Lock handler_lock = LOCK_INIT;
static Handler handler;

/* This thread is in the handler. */
static __thread bool is_asking;

static Handler get_handler(void)
{
    Handler current;
    bool locked = lock_take(&handler_lock);

    current = handler;
    lock_release(&handler_lock, locked);
    return current;
}

void full_set_handler(Mem_FullHandler *function, void *context)
{
    bool locked = lock_take(&handler_lock);

    handler = (Handler){function, context};
    lock_release(&handler_lock, locked);
}

/* Describes a request. The region of libmem-malloc.so is not for the functions of libmem.so, which would take its handle
 * for one of theirs. */
static void describe(Mem_Full *full, Region *region, Take take)
{
    full->region = THREAD_MODULE ? NULL : region_handle(region);
    full->size = heap_bytes(&region->heap, take.units);
    full->alignment = take.alignment > region->alignment ? take.alignment : region->alignment;
}

bool full_ask(Operation *operation, Take take, Mem_Full *full)
{
    Handler current = get_handler();
    int saved = errno;
    bool again;

    if (current.function == NULL || is_asking || full->asked == MEM_FULL_TRIES ||
        operation->heap->broken || !heap_could_take(operation->heap, take.alignment, take.units)) {
        return false;
    }
    describe(full, operation->region, take);
    operation_pause(operation);
    is_asking = true;
    again = current.function(full, current.context) != 0;
    is_asking = false;
    errno = saved;
    operation_resume(operation);
    full->asked++;
    return again;
}

Pos full_take_block(Operation *operation, Take take)
{
    Mem_Full full = {.asked = 0};
    Pos block = caches_take_block(operation, take);

    while (block == 0 && full_ask(operation, take, &full)) {
        block = caches_take_block(operation, take);
    }
    return block;
}
