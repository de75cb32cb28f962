/* SPDX-License-Identifier: MIT
 *
 * The records of threads. A record has the thread's pointers to its caches, one for each region,
 * and a mark that the thread is busy in one of them.
 *
 * The owner of a cache uses it without a lock and without an atomic read-modify-write: it sets its
 * mark, reads the pointer to the cache, uses the cache, and clears the mark. To hide all caches of
 * a region, a thread points every record at an empty cache, has the kernel make that and all marks
 * visible (membarrier(2)), and waits for the threads that are busy. If the kernel cannot or must
 * not be asked, each mark comes with a fence, as long as there are several threads.
 *
 * A thread takes a record before it gets its first cache. Records are static: they outlive the
 * thread, its stack and its variables, however it ends. A thread holds a robust mutex in its record
 * as long as it lives. So if a thread ends by the system call exit alone, the next thread that
 * waits for it, or needs a record, notices. The next owner of the record gets its caches. */
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

/* Regions that have caches at a time; others have none. libmem-malloc.so has one region, and two
 * slots, so that the region may have the one in which its short ways do not look. */
#ifndef THREAD_REGIONS
#define THREAD_REGIONS 16
#endif
enum { THREAD_MODULE = THREAD_REGIONS == 2 /* this is libmem-malloc.so */ };

typedef struct Thread {
    bool busy;   /* the mark: the owner is using one of its caches */
    bool fences; /* a copy of thread_fences, beside the mark */
    /* By slot, the cache that the owner may use; &cache_none if it has none, or must not. */
    Cache *caches[THREAD_REGIONS];
    Cache *owned[THREAD_REGIONS]; /* by slot, hidden or not; NULL: none */
    pthread_mutex_t alive;        /* held by the owner; none if it is free, or its holder died */
} __attribute__((__aligned__(64)))
Thread; /* the owner writes to it all the time: a cache line of its own */

/* The record of threads that have none: it has no caches, and no thread waits for it. */
extern HIDDEN Thread thread_none;

/* The record of the calling thread. */
extern HIDDEN __thread Thread *thread_self __attribute__((__tls_model__("initial-exec")));

/* By region, the calls of the calling thread since it had no cache: see thread_count_call. A program that plays the
 * calls of several threads in one changes them along with the caches. */
extern HIDDEN __thread unsigned char thread_calls[THREAD_REGIONS]
    __attribute__((__tls_model__("initial-exec")));

/* Whether marks come with fences. Once set, it stays set. */
extern HIDDEN bool thread_fences;

/* ThreadSanitizer does not understand fences, so the accesses are ordered instead. */
enum { THREAD_ORDER = THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_RELAXED };

static ALWAYS_INLINE void thread_fence(void)
{
#if !THREAD_SANITIZED
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Begin and end the owner's use of a cache: set and clear the mark. */
static ALWAYS_INLINE void thread_enter(Thread *self)
{
    __atomic_store_n(&self->busy, true, THREAD_ORDER);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* reads `fences` only after the mark */
    if (UNLIKELY(__atomic_load_n(&self->fences, __ATOMIC_RELAXED)) && !lock_is_needless()) {
        thread_fence();
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static ALWAYS_INLINE void thread_leave(Thread *self)
{
    __atomic_store_n(&self->busy, false, __ATOMIC_RELEASE);
}

/* Returns the cache of a region's slot. Called between thread_enter and thread_leave. Later reads
 * are not older than this one: other threads may have changed the cache while it was hidden. */
static ALWAYS_INLINE Cache *thread_cache(Thread *self, size_t slot)
{
    return __atomic_load_n(&self->caches[slot],
                           THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_ACQUIRE);
}

/* Returns the cache of a region's slot, or NULL. The caller may use it until thread_release_own,
 * which must follow. */
Cache *thread_take_own(size_t slot);
void thread_release_own(void);

/* Takes a slot for a region. Returns false if all are in use. */
bool thread_find_slot(size_t *slot);

/* Releases a slot: no thread has a cache there any more. */
void thread_drop_slot(size_t slot);

/* Counts a call of the calling thread, which has no cache. Returns true when it is time to give it
 * one, and starts the count again. at_once: it is time now. */
bool thread_count_call(size_t slot, bool at_once);

/* Gives the calling thread a record, before its first cache. Call it without locks: it may allocate
 * through malloc(). Returns false if there is no record, or the end of the thread could not be
 * noticed: then it can have no cache. */
bool thread_make_known(void);

/* Gives a thread a cache, or with NULL takes it away. The caller has locked the region, here and
 * below. */
void thread_set_cache(Thread *self, size_t slot, Cache *cache);

/* Keeps all threads, the caller included, from using their caches of a slot, until threads_show. */
void threads_hide(size_t slot);
void threads_show(size_t slot);

/* Notes in all records that marks come with fences. Records are locked. */
void threads_use_fences(void);

/* Finds out whether the kernel can be asked for fences. */
void threads_prepare_fences(void);

/* Makes all threads agree on what was written so far, marks included. Records are locked. */
void threads_fence(void);

/* Stops all system calls that malloc() of the C library does not make. Call it before a filter may
 * forbid them: when it returns, none is under way. */
void threads_restrict(void);

/* Begin and end such a system call. threads_begin_call returns false if it must not be made. */
bool threads_begin_call(void);
void threads_end_call(void);

/* Forgets calls under way, in the child of a fork(): the threads that made them do not exist
 * there. */
void threads_lose_calls(void);

/* Lock and unlock the records and slots: no slot is released meanwhile. A thread that holds a
 * region's lock may take this one, but not the other way round. */
void threads_lock(void);
void threads_unlock(void);

/* Called with a cache whose thread ends, or does not exist after a fork. */
typedef void ThreadLost(Cache *cache);

/* Sets the function for lost caches. Call it once, before any thread gets a cache. */
void thread_prepare(ThreadLost *lost);

/* Handlers of fork(): no thread is busy meanwhile. In the child only the caller lives on. */
void threads_before_fork(void);
void threads_in_parent(void);
void threads_in_child(void);

#endif
