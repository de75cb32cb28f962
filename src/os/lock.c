/* SPDX-License-Identifier: MIT
 *
 * fork() copies only the thread that calls it. If another thread were inside a heap at that moment,
 * the child would get a heap in the midst of a change, and a lock that nobody will release. So
 * before a fork all locks are taken, and after it they are released in both processes. For that,
 * locks are in a list. They enter it when they are first needed, so that programs with one thread
 * have none.
 *
 * The one exception are locks of threads that walk. Functions of the program's run there, which may wait for
 * anything: they fork themselves, or wait for a thread that does. A fork that waited for them could wait for
 * ever, and some systems let no thread into fork() before the handlers of another are through: no order of
 * locks, nor stepping back, would help there. It is not necessary either:
 *
 *   - A walk changes nothing, so that a copy made meanwhile is a whole one.
 *   - A walk ends only while no fork is under way: its end needs the gate's mutex, which a fork has from
 *     before its first look at the locks until it has released them. So a lock that was skipped stays skipped,
 *     and nobody else takes it meanwhile.
 *   - A fork thus waits only for threads that change something. These wait for no gate while they hold a
 *     lock, and come to their end.
 *   - The child makes the lock anew, unless the thread that walks is the one that forked: there the walk goes
 *     on, and the lock stays taken. */
#include "os/lock.h"

#include <stdint.h>

#include "os/kernel.h"

static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static Lock *list_head;

/* Closed while a fork is under way. */
static pthread_mutex_t gate_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool gate_closed;

static const LockForkHooks *fork_hooks;

/* How many locks this thread holds: more than one only where a visitor uses another region. */
static __thread unsigned held;

/* This thread is in fork() and holds all locks: it needs none, should other handlers of fork() use
 * a region. Nobody knows in which order handlers run. */
static __thread bool is_forking;

/* The parent, where it has skipped a lock. */
static long forking_process;

static Lock *lock_next(const Lock *lock)
{
    return lock->next == 0 ? NULL : (Lock *)((uintptr_t)lock + (uintptr_t)lock->next);
}

static ptrdiff_t lock_distance(const Lock *from, const Lock *to)
{
    return to == NULL ? 0 : (ptrdiff_t)((uintptr_t)to - (uintptr_t)from);
}

/* What stands for this thread in a lock. */
static ptrdiff_t myself(const Lock *lock)
{
    return (ptrdiff_t)((uintptr_t)&held - (uintptr_t)lock);
}

static ptrdiff_t walker_of(const Lock *lock)
{
    return __atomic_load_n(&lock->walker, __ATOMIC_ACQUIRE);
}

/* Releases the locks of the list before one, or all with NULL, and the list. */
static void release_until(const Lock *end)
{
    for (Lock *lock = list_head; lock != end; lock = lock_next(lock)) {
        /* What is met here depends on the moment of the fork. */
        if (walker_of(lock) == 0) { /* GCOVR_EXCL_BR_LINE */
            pthread_mutex_unlock(&lock->mutex);
        }
    }
    pthread_mutex_unlock(&list_mutex);
}

/* Not always asked for: a filter of system calls that lets a program fork need not allow it. */
static long this_process(void)
{
    return kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

/* Takes all locks, or none: a thread that holds one may be waiting for another or for the list. Those of
 * threads that walk count as taken. */
static bool take_all(void)
{
    pthread_mutex_lock(&list_mutex);
    for (Lock *lock = list_head; lock != NULL; lock = lock_next(lock)) {
        /* Likewise. */
        if (walker_of(lock) != 0) { /* GCOVR_EXCL_BR_LINE */
            forking_process = this_process();
        } else if (pthread_mutex_trylock(&lock->mutex) != 0) { /* GCOVR_EXCL_BR_LINE */
            release_until(lock);
            return false;
        }
    }
    return true;
}

void lock_pause(long ns)
{
    unsigned word = 0;
    long slice = ns;

    /* A handler of a signal cuts it short, and no time that is cut short counts. So many of them take no less time
     * than any pause is for. */
    for (int i = 0; i < 1000 && ns > 0; i++) {
        if (kernel_wait(&word, 0, slice) == -ETIMEDOUT) {
            ns -= slice;
        } else {
            slice = slice / 2 + 1;
        }
    }
}

/* Meanwhile nobody who holds none takes one, or a busy program would never be forked. */
static void before_fork(void)
{
    pthread_mutex_lock(&gate_mutex);
    __atomic_store_n(&gate_closed, true, __ATOMIC_RELAXED);
    while (!take_all()) {
        lock_pause(20000);
    }
    is_forking = true;
    if (fork_hooks != NULL) {
        fork_hooks->before();
    }
}

bool lock_in_fork(void)
{
    return is_forking;
}

static void open_gate(void)
{
    __atomic_store_n(&gate_closed, false, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&gate_mutex);
}

/* A mutex that nobody holds. */
static bool make_mutex(Lock *lock)
{
    pthread_mutexattr_t attributes;
    bool done;

    if (!lock->inherits) {
        lock->mutex = (pthread_mutex_t)LOCK_MUTEX_INIT;
        return true;
    }
    if (pthread_mutexattr_init(&attributes) != 0) {
        return false;
    }
    done = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0 &&
           pthread_mutex_init(&lock->mutex, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return done;
}

/* Makes all locks anew in a child, which has none of the parent's threads but one: a mutex that inherits
 * priority is held by a thread of the parent, for whom nobody here can release it. Others are released first: a
 * mutex that is held is not to be made anew. */
static void renew_all(void)
{
    for (Lock *lock = list_head; lock != NULL; lock = lock_next(lock)) {
        bool is_walked = walker_of(lock) == myself(lock);

        if (is_walked || walker_of(lock) == 0) {
            pthread_mutex_unlock(&lock->mutex);
        }
        make_mutex(lock);
        if (is_walked) {
            (void)pthread_mutex_trylock(&lock->mutex);
        } else {
            lock->walker = 0;
            lock->walked = false;
        }
    }
    pthread_mutex_unlock(&list_mutex);
}

static void in_parent(void)
{
    if (fork_hooks != NULL) {
        fork_hooks->parent();
    }
    is_forking = false;
    release_until(NULL);
    open_gate();
}

static void in_child(void)
{
    if (fork_hooks != NULL) {
        fork_hooks->child();
    }
    is_forking = false;
    renew_all();
    open_gate();
}

void lock_on_fork(const LockForkHooks *hooks)
{
    pthread_mutex_lock(&list_mutex);
    fork_hooks = hooks;
    pthread_mutex_unlock(&list_mutex);
}

/* When the library is loaded: later, a fork could be under way already. */
__attribute__((__constructor__)) void lock_watch_forks(void)
{
    static unsigned is_watching; /* a word, as in spin.h */

    if (!__atomic_exchange_n(&is_watching, 1, __ATOMIC_RELAXED)) {
        pthread_atfork(before_fork, in_parent, in_child);
    }
}

/* Locks the list. In fork() this thread has it, and all locks that are in it. */
static void lock_list(void)
{
    if (!is_forking) {
        pthread_mutex_lock(&list_mutex);
    }
}

static void unlock_list(void)
{
    if (!is_forking) {
        pthread_mutex_unlock(&list_mutex);
    }
}

static void make_known(Lock *lock)
{
    lock_list();
    if (!__atomic_load_n(&lock->known, __ATOMIC_RELAXED)) {
        lock->next = lock_distance(lock, list_head);
        list_head = lock;
        __atomic_store_n(&lock->known, true, __ATOMIC_RELEASE);
        if (is_forking) {
            pthread_mutex_lock(&lock->mutex);
        }
    }
    unlock_list();
}

bool lock_init(Lock *lock, LockKind kind)
{
    lock->walker = 0;
    lock->walked = false;
    lock->unlocked = kind == LOCK_NONE;
    lock->inherits = kind == LOCK_INHERITS;
    lock->known = false;
    lock->next = 0;
    if (!make_mutex(lock)) {
        return false;
    }
    if (lock->inherits) {
        make_known(lock); /* its first use waits for nobody */
    }
    return true;
}

/* In fork(), a handler that is not ours wants a lock that was skipped, as another thread walks: waits until it
 * does no more. In a child there is no such thread. */
static void wait_for_walk(const Lock *lock)
{
    while (walker_of(lock) != 0 && walker_of(lock) != myself(lock) &&
           !__atomic_load_n(&lock->walked, __ATOMIC_ACQUIRE) && this_process() == forking_process) {
        lock_pause(20000);
    }
}

bool lock_take(Lock *lock)
{
    return !lock_is_needless() && lock_take_always(lock);
}

bool lock_take_always(Lock *lock)
{
    if (lock->unlocked) {
        return false;
    }
    if (is_forking) {
        wait_for_walk(lock);
        return false;
    }
    if (!__atomic_load_n(&lock->known, __ATOMIC_ACQUIRE)) {
        make_known(lock);
    }
    /* What is met here depends on the moment of the fork. */
    if (held == 0 && __atomic_load_n(&gate_closed, __ATOMIC_RELAXED)) { /* GCOVR_EXCL_BR_LINE */
        pthread_mutex_lock(&gate_mutex);
        pthread_mutex_unlock(&gate_mutex);
    }
    pthread_mutex_lock(&lock->mutex);
    held++;
    return true;
}

void lock_release(Lock *lock, bool locked)
{
    if (locked) {
        held--;
        pthread_mutex_unlock(&lock->mutex);
    }
}

void lock_begin_walk(Lock *lock)
{
    __atomic_store_n(&lock->walker, myself(lock), __ATOMIC_RELEASE);
}

void lock_end_walk(Lock *lock)
{
    __atomic_store_n(&lock->walked, true, __ATOMIC_RELEASE);
    pthread_mutex_lock(&gate_mutex);
    lock->walked = false;
    __atomic_store_n(&lock->walker, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&gate_mutex);
}

void lock_end(Lock *lock)
{
    if (lock->known) {
        lock_list();
        if (list_head == lock) {
            list_head = lock_next(lock);
        } else {
            Lock *before = list_head;

            while (lock_next(before) != lock) {
                before = lock_next(before);
            }
            before->next = lock_distance(before, lock_next(lock));
        }
        unlock_list();
        if (is_forking) {
            pthread_mutex_unlock(&lock->mutex);
        }
    }
    pthread_mutex_destroy(&lock->mutex);
}
