/* SPDX-License-Identifier: MIT
 *
 * When memory goes back to the system. It does when much of it was freed: TRIM_BYTES, and an eighth of
 * what is in use. A program that breathes, that frees and allocates the same memory again and again,
 * is not to pay for that: when it uses again what went back, it is left alone for long enough that its
 * page faults take a few percent of its time at most.
 *
 * Most calls only compare two numbers. */
#ifndef MEM_MALLOC_TRIM_H
#define MEM_MALLOC_TRIM_H

#include <stdbool.h>
#include <stddef.h>

#include "region/region.h"

enum {
    TRIM_BLOCK = 64 << 10, /* bytes of free blocks, and of requests, that count as large */
    TRIM_BYTES = 8 << 20,  /* what must have been freed at least */
    TRIM_CALLS = 32        /* calls past the short way after which a thread looks anyway */
};

/* Units that were in use at the peak, and are not now, from which on a look is worth while. */
extern HIDDEN size_t trim_limit;

/* Such calls until this thread looks anyway. */
extern HIDDEN __thread unsigned trim_countdown;

static inline size_t trim_headroom(Mem_Region *region)
{
    return __atomic_load_n(&region_of(region)->heap.headroom, __ATOMIC_RELAXED);
}

/* Whether trim_look should be called now. */
static inline bool trim_is_worth_a_look(Mem_Region *region)
{
    return UNLIKELY(trim_headroom(region) >= __atomic_load_n(&trim_limit, __ATOMIC_RELAXED)) ||
           UNLIKELY(--trim_countdown == 0);
}

/* Gives memory back if enough of it was freed and enough time has passed. */
void trim_look(Mem_Region *region);

/* Notes how much is in use: to be called when a large block was taken. */
void trim_note(Mem_Region *region);

/* Gives back all that is free. True if there was anything. */
bool trim_all(Mem_Region *region);

#endif
