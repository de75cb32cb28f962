/* SPDX-License-Identifier: MIT
 *
 * The lock of a region, and the handlers of fork(). A process with one thread, as far as libc can
 * tell, takes no lock. */
#ifndef MEM_SRC_LOCK_H
#define MEM_SRC_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "os/spin.h"

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
    pthread_mutex_t mutex; /* initialized by lock_init, and again in a child process */
    ptrdiff_t walker;      /* bytes to an address of the holder that walks; 0: none walks */
    bool walked;           /* that walk has ended, and its thread waits for a fork to end */
    bool unlocked;         /* never locked */
    bool inherits;         /* the holder inherits the priority of the highest waiter */
    bool known;            /* in the list of locks that fork() takes; set at the first use */
    ptrdiff_t next;        /* bytes to the next lock of that list; 0: none */
} Lock;

/* Returns whether the process has one thread only, so that no lock is needed. */
static inline bool lock_is_needless(void)
{
    return LOCK_SINGLE_THREADED;
}

/* An adaptive mutex spins before it sleeps: work under a lock is shorter than a sleep and a
 * wake-up. */
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#define LOCK_MUTEX_INIT PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#else
#define LOCK_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#endif

/* Initializes a static lock. */
#define LOCK_INIT                                                                                  \
    {                                                                                              \
        .mutex = LOCK_MUTEX_INIT                                                                   \
    }

typedef enum LockKind {
    LOCK_USUAL,
    LOCK_NONE,    /* never locked */
    LOCK_INHERITS /* the holder inherits the priority of the highest waiter */
} LockKind;

/* Initializes a lock. Returns false if the system has no mutex of this kind. */
bool lock_init(Lock *lock, LockKind kind);

/* Takes the lock if one is needed. Returns the argument for lock_release. */
bool lock_take(Lock *lock);

/* Takes the lock even if the process has one thread: for calls into the program, which may start
 * another thread. */
bool lock_take_always(Lock *lock);

/* Begin and end a walk: between these calls, the thread that holds the lock calls functions of the
 * program, which may fork, or wait for threads that fork. Nothing under the lock changes meanwhile,
 * and fork() does not wait for it. */
void lock_begin_walk(Lock *lock);
void lock_end_walk(Lock *lock);

void lock_release(Lock *lock, bool locked);

/* Functions called around a fork(), while all locks are held. In a process with one thread, which
 * takes none, only that of the child is called. */
typedef struct LockForkHooks {
    void (*before)(void), (*parent)(void), (*child)(void);
} LockForkHooks;

void lock_on_fork(const LockForkHooks *hooks);

/* Returns whether this thread is in fork(): it holds all locks, and all that the hooks took. In a
 * process with one thread it never is, but in the hook of the child: there nothing is locked. */
bool lock_in_fork(void);

/* Take and release a spin lock, but not in fork(): there the thread holds it already, or, in a child,
 * its holder may not exist, or be the call that was interrupted. */
void lock_take_spin(Spin *spin);
void lock_release_spin(Spin *spin);

/* Destroys a lock that nobody holds. */
void lock_end(Lock *lock);

/* Waits for `ns` nanoseconds, less than a second. Keeps errno. Not a cancellation point, as fork()
 * is none. */
void lock_pause(long ns);

/* Makes fork() take the locks from now on. Runs when the library is loaded; call it where a region
 * may be used earlier. */
void lock_watch_forks(void);

#endif
