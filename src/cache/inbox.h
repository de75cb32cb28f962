/* SPDX-License-Identifier: MIT
 *
 * Blocks that threads free which do not own them. The remote bit of such a block says that it is free; the owner's
 * inbox names the spans where it should look for remote bits, when it needs blocks of their class.
 *
 * Two threads may free the same block at once, which is a fault of the program's: one of them is to be told. The
 * owner clears the live bit, and then looks at the remote bit; the other thread sets the remote bit, and then looks
 * at the live bit (T. J. Dekker's algorithm, in E. W. Dijkstra, "Cooperating sequential processes", 1965). That needs a
 * fence on both sides. The owner's costs as much as all else that it does, so it has one only while it is watched: that
 * begins, while all caches are hidden, before another thread frees the first block of its spans.
 *
 * Each sees the other's mark, or only one does. An owner that sees the remote bit clears it: it came second. A thread
 * that sees no live bit has met the owner, and asks, with all caches hidden, what became of its remote bit: if
 * that is gone, the owner came second; if not, it did itself. So one of them is told, and the block is free. A remote
 * bit is never cleared otherwise, but with the live bit of a block that the program had: so none is lost. */
#ifndef MEM_SRC_INBOX_H
#define MEM_SRC_INBOX_H

#include <stdbool.h>

#include "cache/granule.h"

typedef struct Inbox {
    Pos first; /* the first span with remote bits; 0: none. Granules.posted has the next ones. Atomic */
    /* Whether other threads may free blocks of the owner's spans. Changes only while all caches are hidden. */
    bool watched;
} Inbox;

/* What came of a block that is to be freed. */
typedef enum CacheFreed {
    CACHE_FREED,
    CACHE_ELSEWHERE, /* it is in no span of this cache; nothing was done, here and below */
    CACHE_TWICE,     /* no block of the program's begins there */
    CACHE_LONGER, /* there is more to do: cache_free does it; or, of another's block, its owner is to be watched */
    CACHE_MET /* two frees of the same block have met: see inbox_decide */
} CacheFreed;

/* Whether the owner has to look for what other threads free. */
static ALWAYS_INLINE bool inbox_is_watched(const Inbox *inbox)
{
    return __atomic_load_n(&inbox->watched, __ATOMIC_RELAXED);
}

/* Frees a block in a span of another cache, of which the owner and its inbox are told. CACHE_FREED, CACHE_TWICE or
 * CACHE_MET; or CACHE_LONGER if the owner is not watched. The caller is busy, or the region is locked: so that stays
 * as it is. */
CacheFreed inbox_free(Inbox *inbox, unsigned owner, const Granules *granules, size_t block);

/* Puts a span into an inbox, if it is in none. It is a hint: by the time that it is taken out, the span may have
 * another owner, or be the heap's. Remote bits are what counts. */
void inbox_post(Inbox *inbox, const Granules *granules, size_t span);

/* What came of a free that met the owner's: CACHE_FREED or CACHE_TWICE. All caches are hidden. inbox: of the owner of the
 * span that the block is in by now, or NULL. */
CacheFreed inbox_decide(Inbox *inbox, const Granules *granules, size_t block);

/* Takes a span out; 0: there is none. Its remote bits are to be collected. */
Pos inbox_take(Inbox *inbox, const Granules *granules);

/* Whether a span is in an inbox. */
static inline bool inbox_has(const Granules *granules, size_t span)
{
    return __atomic_load_n(&granules->posted[span], __ATOMIC_RELAXED) != 0;
}

#endif
