/* SPDX-License-Identifier: MIT
 *
 * What each thread has of its own: its way to its caches, one for each region, and a mark that it is
 * busy with one.
 *
 * The owner of a cache uses it without a lock and without an atomic read-modify-write: it sets its
 * mark, looks where the cache is, uses it, and clears the mark. Who wants all of a region's caches
 * replaces every thread's way to them by one to an empty cache, has the kernel make that visible to
 * all, together with their marks (membarrier(2)), and waits for those that are busy. Where the kernel
 * has no such call, or must not be asked, marks come with a fence each, as long as there are several threads. */
#ifndef MEM_SRC_THREAD_H
#define MEM_SRC_THREAD_H

#include <stdbool.h>

#include "bits.h"
#include "lock.h"
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
    bool known;                           /* in the list */
    bool entering;                        /* on its way there */
    bool ended;                           /* gets no cache any more */
} Thread;

extern HIDDEN __thread Thread thread_self __attribute__((__tls_model__("initial-exec")));

/* Whether marks come with fences. It is set once, and stays. */
extern HIDDEN bool thread_fences;

/* ThreadSanitizer knows no fences, so that accesses have to do. */
enum { THREAD_ORDER = THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_RELAXED };

static ALWAYS_INLINE void thread_fence(void)
{
#if !THREAD_SANITIZED
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Makes the owner's use of a cache begin, and end. The variable is named here, and not its address
 * passed, since it can be addressed at once. */
static ALWAYS_INLINE void thread_enter(void)
{
    __atomic_store_n(&thread_self.busy, true, THREAD_ORDER);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* looks only then whether a fence is needed */
    if (UNLIKELY(__atomic_load_n(&thread_fences, __ATOMIC_RELAXED)) && !lock_is_needless()) {
        thread_fence();
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static ALWAYS_INLINE void thread_leave(void)
{
    __atomic_store_n(&thread_self.busy, false, __ATOMIC_RELEASE);
}

/* The cache for a region's slot, between these two. */
static ALWAYS_INLINE Cache *thread_cache(size_t slot)
{
    return __atomic_load_n(&thread_self.caches[slot], THREAD_ORDER);
}

/* The cache for a region's slot, or NULL. It is the caller's until thread_release_own. */
Cache *thread_take_own(size_t slot);
void thread_release_own(void);

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

/* Lets no system call be made any more but those that malloc() of the C library makes, too. To be called before a
 * filter may forbid others: when it returns, none of them is under way. */
void threads_restrict(void);

/* Begins such another call. False: it must not be made. */
bool threads_begin_call(void);
void threads_end_call(void);

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
