/* SPDX-License-Identifier: MIT
 *
 * The lock of a region, and what fork() needs of it. A process that has one thread, as far as libc
 * can tell, takes no lock at all. */
#ifndef MEM_SRC_LOCK_H
#define MEM_SRC_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define LOCK_SINGLE_THREADED __libc_single_threaded
#endif
#endif
#ifndef LOCK_SINGLE_THREADED
#define LOCK_SINGLE_THREADED 0
#endif

typedef struct Lock {
    pthread_mutex_t mutex; /* made when the lock is, and anew in a child */
    ptrdiff_t walker; /* distance to something of the thread that holds it and walks; 0: none */
    bool walked;      /* that thread's walk is over, and waits for a fork to be */
    bool unlocked;    /* never to be locked */
    bool inherits;    /* its holder has the priority of the highest one that waits */
    bool known;       /* in the list of locks that fork() holds, since its first use */
    ptrdiff_t next;   /* distance to the next lock of that list; 0: none */
} Lock;

/* Whether the process has one thread only, so that no lock is needed. */
static inline bool lock_is_needless(void)
{
    return LOCK_SINGLE_THREADED;
}

/* What is done under a lock takes less time than to sleep and be woken. */
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#define LOCK_MUTEX_INIT PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#else
#define LOCK_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#endif

/* For a lock that is a static variable. */
#define LOCK_INIT                                                                                  \
    {                                                                                              \
        .mutex = LOCK_MUTEX_INIT                                                                   \
    }

typedef enum LockKind {
    LOCK_USUAL,
    LOCK_NONE,    /* never to be locked */
    LOCK_INHERITS /* its holder has the priority of the highest one that waits */
} LockKind;

/* False: the system has no lock of this kind. */
bool lock_init(Lock *lock, LockKind kind);

/* Takes the lock if one is needed. Returns what lock_release wants to know. */
bool lock_take(Lock *lock);

/* Takes the lock also where the process has one thread: for what calls functions of the program's, which may
 * start another one. */
bool lock_take_always(Lock *lock);

/* Between these two, the thread that has taken a lock calls functions of the program's, which may fork and wait
 * for threads that fork: what the lock is for stays as it is, and fork() does not wait for the lock. */
void lock_begin_walk(Lock *lock);
void lock_end_walk(Lock *lock);

void lock_release(Lock *lock, bool locked);

/* What else is to be done around a fork(), while all locks are held. */
typedef struct LockForkHooks {
    void (*before)(void), (*parent)(void), (*child)(void);
} LockForkHooks;

void lock_on_fork(const LockForkHooks *hooks);

/* Whether this thread is in fork(): it holds all locks, and all that the hooks took. */
bool lock_in_fork(void);

/* Ends a lock that nobody holds. */
void lock_end(Lock *lock);

/* Waits for so many ns, less than a second. errno stays as it is. No point where a thread may be cancelled:
 * fork() is none. */
void lock_pause(long ns);

/* From here on fork() holds the locks. Happens when the library is loaded, unless that is too late:
 * where regions are used before. */
void lock_watch_forks(void);

#endif
