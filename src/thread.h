/* SPDX-License-Identifier: MIT
 *
 * What each thread has of its own: its way to its caches, one for each region, and a mark that it is
 * busy with one.
 *
 * The owner of a cache uses it without a lock and without an atomic read-modify-write: it sets its
 * mark, looks where the cache is, uses it, and clears the mark. Who wants all of a region's caches
 * replaces every thread's way to them by one to an empty cache, has the kernel make that visible to
 * all, together with their marks (membarrier(2)), and waits for those that are busy. Where the kernel
 * has no such call, and for ThreadSanitizer, which does not know it, each thread has a lock instead,
 * and the short way always meets the empty cache. */
#ifndef MEM_SRC_THREAD_H
#define MEM_SRC_THREAD_H

#include <stdbool.h>

#include "bits.h"
#include "spin.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define THREAD_SANITIZED 1
#endif
#ifndef THREAD_SANITIZED
#define THREAD_SANITIZED 0
#endif

typedef struct Cache Cache;

/* Regions at a time that have caches; there may be any number of others. */
#ifndef THREAD_REGIONS
#define THREAD_REGIONS 16
#endif

typedef struct Thread {
    bool busy;
    Cache *caches[THREAD_REGIONS];        /* as the owner may use them: &cache_none if it may not */
    Cache *owned[THREAD_REGIONS];         /* NULL: none */
    unsigned short calls[THREAD_REGIONS]; /* before it got one */
    struct Thread *next, *previous;       /* of those that have caches */
    Spin lock;                            /* where it is to be used in place of busy */
    bool known;                           /* in the list */
    bool ended;                           /* gets no cache any more */
} Thread;

extern HIDDEN __thread Thread thread_self __attribute__((__tls_model__("initial-exec")));

/* Makes the owner's use of a cache begin, and end. The variable is named here, and not its address
 * passed, since it can be addressed at once. */
static ALWAYS_INLINE void thread_enter(void)
{
    __atomic_store_n(&thread_self.busy, true, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static ALWAYS_INLINE void thread_leave(void)
{
    __atomic_store_n(&thread_self.busy, false, __ATOMIC_RELEASE);
}

/* The cache for a region's slot, between these two. */
static ALWAYS_INLINE Cache *thread_cache(size_t slot)
{
    return __atomic_load_n(&thread_self.caches[slot], __ATOMIC_RELAXED);
}

/* The same for both kinds of system: the cache for a region's slot, or NULL. It is the caller's until
 * thread_release. */
Cache *thread_take_own(Thread *self, size_t slot);
void thread_release_own(Thread *self);

/* Finds a slot for a region. False: they are all in use. */
bool thread_find_slot(size_t *slot);

/* Takes a slot back: no thread has a cache there any more. */
void thread_drop_slot(size_t slot);

/* To be called before the calling thread gets its first cache, while it holds no lock: it may allocate, by
 * way of malloc(). False: nothing would tell when the thread ends, and it can have none. */
bool thread_make_known(Thread *self);

/* Gives a thread a cache; or, with NULL, takes it away. The region is locked by the caller, here and
 * below. */
void thread_set_cache(Thread *self, size_t slot, Cache *cache);

/* Keeps all threads but the caller from using their caches of some slots, a bit each, and tells the
 * first of all threads that have caches; thread->next is the next one. Until threads_release. */
Thread *threads_seize(unsigned slots);
void threads_release(unsigned slots);

/* Called, for a thread that ends, with each of its caches. */
typedef void ThreadEnd(Thread *self, size_t slot);

/* To be called once, before any thread gets a cache. */
void thread_prepare(ThreadEnd *end);

/* Around fork(): no thread is busy then. In the child only the caller goes on; `lost` is called with
 * each cache of the others. */
void threads_before_fork(void);
void threads_in_parent(void);
void threads_in_child(void (*lost)(Cache *cache));

#endif
