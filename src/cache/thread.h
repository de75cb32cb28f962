/* SPDX-License-Identifier: MIT
 *
 * The records of threads. Each has a thread's way to its caches, one for each region, and a mark that the
 * thread is busy with one.
 *
 * The owner of a cache uses it without a lock and without an atomic read-modify-write: it sets its
 * mark, looks where the cache is, uses it, and clears the mark. To hide all caches of a region, a thread
 * points every record at an empty cache, has the kernel make that and all marks visible (membarrier(2)),
 * and waits for the threads that are busy. Where the kernel has no such call, or must not be asked,
 * marks come with a fence each, as long as there are several threads.
 *
 * A thread takes a record before it gets its first cache. Records are static: they are there when the thread is
 * gone, with its stack and its variables, and however it went. A thread holds a robust mutex of its record as
 * long as it lives. So a thread that ended without a word, by the system call exit, is noticed by the next one that
 * waits for it, or needs a record. The next owner of the record has its caches. */
#ifndef MEM_SRC_THREAD_H
#define MEM_SRC_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/bits.h"
#include "os/lock.h"

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
    bool busy;   /* the mark: the owner is using one of its caches */
    bool fences; /* thread_fences, for the owner to look at */
    /* By slot, as the owner may use them: &cache_none if it may not. */
    Cache *caches[THREAD_REGIONS];
    Cache *owned[THREAD_REGIONS]; /* by slot, hidden or not; NULL: none */
    pthread_mutex_t alive; /* held by the owner; free, or of an owner that died: there is none */
} __attribute__((__aligned__(64)))
Thread; /* the owner writes to it all the time: a line of its own */

/* The record of threads that have none: it has no caches, and nobody waits for it. */
extern HIDDEN Thread thread_none;

/* The calling thread's. */
extern HIDDEN __thread Thread *thread_self __attribute__((__tls_model__("initial-exec")));

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

/* Makes the owner's use of a cache begin, and end. */
static ALWAYS_INLINE void thread_enter(Thread *self)
{
    __atomic_store_n(&self->busy, true, THREAD_ORDER);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* looks only then whether a fence is needed */
    if (UNLIKELY(__atomic_load_n(&self->fences, __ATOMIC_RELAXED)) && !lock_is_needless()) {
        thread_fence();
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static ALWAYS_INLINE void thread_leave(Thread *self)
{
    __atomic_store_n(&self->busy, false, __ATOMIC_RELEASE);
}

/* The cache for a region's slot, between these two. What is read after it is not older: it may have been hidden. */
static ALWAYS_INLINE Cache *thread_cache(Thread *self, size_t slot)
{
    return __atomic_load_n(&self->caches[slot],
                           THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_ACQUIRE);
}

/* The cache for a region's slot, or NULL. It is the caller's until thread_release_own. */
Cache *thread_take_own(size_t slot);
void thread_release_own(void);

/* Finds a slot for a region. False: they are all in use. */
bool thread_find_slot(size_t *slot);

/* Takes a slot back: no thread has a cache there any more. */
void thread_drop_slot(size_t slot);

/* Counts a call of the calling thread, which has no cache. True if it has made so many that it is time to give
 * it one; then it counts anew. at_once: it is time in any case. */
bool thread_count_call(size_t slot, bool at_once);

/* To be called before the calling thread gets its first cache, while it holds no lock: it may allocate, by
 * way of malloc(). False: there is no record, or nothing would tell when the thread ends; it can have no
 * cache. */
bool thread_make_known(void);

/* Gives a thread a cache; or, with NULL, takes it away. The region is locked by the caller, here and
 * below. */
void thread_set_cache(Thread *self, size_t slot, Cache *cache);

/* Keeps all threads, the caller too, from using their caches of a slot, until threads_show. */
void threads_hide(size_t slot);
void threads_show(size_t slot);

/* Says in all records that marks come with fences. They are locked. */
void threads_use_fences(void);

/* Finds out whether the kernel can be asked for fences. */
void threads_prepare_fences(void);

/* Makes all threads agree on what was written so far, their marks included. Records are locked. */
void threads_fence(void);

/* Ends all system calls that malloc() of the C library does not make. To be called before a filter may forbid them:
 * when it returns, none of them is under way. */
void threads_restrict(void);

/* Begins such another call. False: it must not be made. */
bool threads_begin_call(void);
void threads_end_call(void);

/* Forgets that such calls are under way, in the child of a fork(): the threads that made them are not there. */
void threads_lose_calls(void);

/* Keeps records, and slots, as they are: no slot is dropped meanwhile. A thread that has a region's lock may take this
 * one, but not the other way round. */
void threads_lock(void);
void threads_unlock(void);

/* Called with a cache whose thread ends, or is not there after a fork. */
typedef void ThreadLost(Cache *cache);

/* To be called once, before any thread gets a cache. */
void thread_prepare(ThreadLost *lost);

/* Around fork(): no thread is busy then. In the child only the caller goes on. */
void threads_before_fork(void);
void threads_in_parent(void);
void threads_in_child(void);

#endif
