/* SPDX-License-Identifier: MIT
 *
 * Decides when memory goes back to the system: when much of it was freed, TRIM_BYTES and an eighth
 * of the memory in use. A program that frees and allocates the same memory again and again must not
 * suffer: if it uses returned memory again, it is left alone until its page faults take a few
 * percent of its time at most.
 *
 * Most calls only compare two numbers. */
#ifndef MEM_MALLOC_TRIM_H
#define MEM_MALLOC_TRIM_H

#include <stdbool.h>
#include <stddef.h>

#include "region/region.h"

enum {
    TRIM_BLOCK = 64 << 10, /* bytes from which on free blocks, and requests, count as large */
    TRIM_BYTES = 8 << 20,  /* bytes that must have been freed at least */
    TRIM_CALLS = 32        /* calls past the short way after which a thread looks anyway */
};

/* Units of headroom from which on a look is worth while. */
extern HIDDEN size_t trim_limit;

/* Calls past the short way until this thread looks anyway. */
extern HIDDEN __thread unsigned trim_countdown;

static inline size_t trim_headroom(Mem_Region *region)
{
    return __atomic_load_n(&region_of(region)->heap.headroom, __ATOMIC_RELAXED);
}

/* Returns whether trim_look should be called now. */
static inline bool trim_is_worth_a_look(Mem_Region *region)
{
    return UNLIKELY(trim_headroom(region) >= __atomic_load_n(&trim_limit, __ATOMIC_RELAXED)) ||
           UNLIKELY(--trim_countdown == 0);
}

/* Gives memory back if enough was freed, and enough time has passed. */
void trim_look(Mem_Region *region);

/* Notes how much is in use; call it when a large block was taken. */
void trim_note(Mem_Region *region);

/* Gives back all free memory. Returns whether there was any. */
bool trim_all(Mem_Region *region);

#endif
