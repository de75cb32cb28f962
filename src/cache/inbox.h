/* SPDX-License-Identifier: MIT
 *
 * Frees of blocks by threads that do not own them. The remote bit says that such a block is free.
 * The owner's inbox names the spans to look through for remote bits, when the owner needs blocks of
 * their class.
 *
 * Two threads may free the same block at once. That is an error of the program, and one of the two
 * is told. The owner clears the live bit, and then reads the remote bit; the other thread sets the
 * remote bit, and then reads the live bit (T. J. Dekker's algorithm, in E. W. Dijkstra,
 * "Cooperating sequential processes", 1965). That takes a fence on both sides. The owner's fence
 * costs as much as the rest of its free, so the owner has one only while it is watched: from before
 * another thread first frees a block of its spans. That begins while all caches are hidden.
 *
 * Either both sides see the other's mark, or only one does. An owner that sees the remote bit
 * clears it: the owner came second. A thread that sees no live bit has met the owner. It asks, with
 * all caches hidden, what became of its remote bit: if the bit is gone, the owner came second; if
 * not, the thread did. So exactly one of them is told, and the block is free. Otherwise a remote
 * bit is cleared only together with the live bit of a block that the program had, so no free is
 * lost. */
#ifndef MEM_SRC_INBOX_H
#define MEM_SRC_INBOX_H

#include <stdbool.h>

#include "cache/granule.h"

typedef struct Inbox {
    Pos first; /* first span with remote bits, linked by Granules.posted; 0: none; atomic */
    /* Whether other threads may free blocks of the owner's spans. Changes only while all caches are
     * hidden. */
    bool watched;
} Inbox;

/* The result of freeing a block. */
typedef enum CacheFreed {
    CACHE_FREED,
    CACHE_ELSEWHERE, /* not in a span of this cache; nothing has changed */
    CACHE_TWICE,     /* no live block begins there */
    CACHE_LONGER,    /* nothing has changed; call cache_free, or have another owner watched first */
    CACHE_MET        /* two frees of the same block have met: call inbox_decide */
} CacheFreed;

/* Returns whether the owner must look for what other threads free. */
static ALWAYS_INLINE bool inbox_is_watched(const Inbox *inbox)
{
    return __atomic_load_n(&inbox->watched, __ATOMIC_RELAXED);
}

/* Frees a block in a span of another cache, given its owner and inbox. Returns CACHE_FREED,
 * CACHE_TWICE or CACHE_MET; or CACHE_LONGER if the owner is not watched. The caller is busy, or has
 * locked the region, so `watched` stays as it is. */
CacheFreed inbox_free(Inbox *inbox, unsigned owner, const Granules *granules, size_t block);

/* Puts a span into an inbox, unless it is in one. The entry is a hint: when it is taken out, the
 * span may have another owner, or be the heap's. Remote bits are what counts. */
void inbox_post(Inbox *inbox, const Granules *granules, size_t span);

/* Decides a free that has met the owner's: returns CACHE_FREED or CACHE_TWICE. All caches are
 * hidden. inbox: that of the span's present owner, or NULL. */
CacheFreed inbox_decide(Inbox *inbox, const Granules *granules, size_t block);

/* Takes a span out, whose remote bits the caller then collects; 0: the inbox is empty. */
Pos inbox_take(Inbox *inbox, const Granules *granules);

/* Returns whether a span is in an inbox. */
static inline bool inbox_has(const Granules *granules, size_t span)
{
    return __atomic_load_n(&granules->posted[span], __ATOMIC_RELAXED) != 0;
}

#endif
