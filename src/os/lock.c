/* SPDX-License-Identifier: MIT
 *
 * fork() copies only the calling thread. If another thread were inside a heap at that moment, the
 * child would get a half-changed heap, and a lock that nobody will release. So fork() first takes
 * all locks, and both processes release them afterwards. For that, locks are in a list. A lock
 * enters it at its first use, so a program with one thread has none there.
 *
 * The one exception is the lock of a thread that walks. A walk calls functions of the program,
 * which may wait for anything: they may fork, or wait for a thread that forks. A fork that waited
 * for them could wait for ever. On some systems no thread enters fork() until the handlers of
 * another are done, so neither an order of locks nor backing off would help. Waiting is not
 * necessary either:
 *
 *   - A walk changes nothing, so a copy made meanwhile is a whole one.
 *   - A walk ends only while no fork is under way: to end, it takes the gate's mutex, which a fork
 *     holds from before its first look at the locks until it has released them. So a lock that
 *     fork() skipped stays skipped, and nobody else takes it meanwhile.
 *   - So a fork waits only for threads that change something. These never wait for the gate while
 *     they hold a lock, and come to their end.
 *   - The child initializes the lock again, unless the walking thread is the one that forked: then
 *     the walk goes on, and the lock stays taken. */
#include "os/lock.h"

#include <stdint.h>

#include "os/kernel.h"

static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static Lock *list_head;

/* The gate: closed while a fork is under way. */
static pthread_mutex_t gate_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool gate_closed;

static const LockForkHooks *fork_hooks;

/* Locks that this thread holds: more than one only if a visitor uses another region. */
static __thread unsigned held;

/* Whether this thread is in fork(), in a process with other threads. It holds all locks then, and
 * takes none if another handler of fork() uses a region: the order of handlers is unknown. */
static __thread bool is_forking;

/* Process ID of the parent; set by a fork that skips a lock. */
static long forking_process;

static Lock *lock_next(const Lock *lock)
{
    return lock->next == 0 ? NULL : (Lock *)((uintptr_t)lock + (uintptr_t)lock->next);
}

static ptrdiff_t lock_distance(const Lock *from, const Lock *to)
{
    return to == NULL ? 0 : (ptrdiff_t)((uintptr_t)to - (uintptr_t)from);
}

/* Returns the distance from a lock to an address that only this thread has: it identifies the
 * thread. */
static ptrdiff_t myself(const Lock *lock)
{
    return (ptrdiff_t)((uintptr_t)&held - (uintptr_t)lock);
}

static ptrdiff_t walker_of(const Lock *lock)
{
    return __atomic_load_n(&lock->walker, __ATOMIC_ACQUIRE);
}

/* Releases the locks of the list before `end` (NULL: all of them), then the list. */
static void release_until(const Lock *end)
{
    for (Lock *lock = list_head; lock != end; lock = lock_next(lock)) {
        /* Which branch is taken depends on the moment of the fork. */
        if (walker_of(lock) == 0) { /* GCOVR_EXCL_BR_LINE */
            pthread_mutex_unlock(&lock->mutex);
        }
    }
    pthread_mutex_unlock(&list_mutex);
}

/* Returns the process ID. Called only where needed: a filter of system calls may allow fork() but
 * not getpid(). */
static long this_process(void)
{
    return kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

/* Takes all locks, or none: a thread that holds one may be waiting for another lock, or for the
 * list. Locks of walking threads count as taken. */
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

    /* A signal handler cuts a wait short, and such a wait does not count: so signals never shorten
     * the pause. */
    for (int i = 0; i < 1000 && ns > 0; i++) {
        if (kernel_wait(&word, 0, slice) == -ETIMEDOUT) {
            ns -= slice;
        } else {
            slice = slice / 2 + 1;
        }
    }
}

/* Closes the gate first: threads that hold no lock take none meanwhile, or a busy program would
 * never fork. A process with one thread waits for nobody, and changes nothing: it may fork in a
 * signal handler, in the middle of any call, and of another fork(). */
static void before_fork(void)
{
    if (!lock_is_needless()) {
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
}

bool lock_in_fork(void)
{
    return is_forking;
}

void lock_take_spin(Spin *spin)
{
    if (!is_forking) {
        spin_take(spin);
    }
}

void lock_release_spin(Spin *spin)
{
    if (!is_forking) {
        spin_release(spin);
    }
}

static void open_gate(void)
{
    __atomic_store_n(&gate_closed, false, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&gate_mutex);
}

/* Initializes the mutex of a lock, released. */
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

/* Initializes all locks again, in the child, whose only thread is the one that forked. A mutex with
 * priority inheritance belongs to a thread of the parent, and cannot be released here. The others
 * are released first: a locked mutex must not be initialized. */
static void renew_all(bool all_taken)
{
    for (Lock *lock = list_head; lock != NULL; lock = lock_next(lock)) {
        bool is_walked = walker_of(lock) == myself(lock);

        if (is_walked || (all_taken && walker_of(lock) == 0)) {
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
}

static void in_parent(void)
{
    if (is_forking) {
        if (fork_hooks != NULL) {
            fork_hooks->parent();
        }
        is_forking = false;
        release_until(NULL);
        open_gate();
    }
}

/* The hooks take no locks, which the call that was interrupted may hold. */
static void in_child(void)
{
    bool all_taken = is_forking;

    is_forking = true;
    if (fork_hooks != NULL) {
        fork_hooks->child();
    }
    renew_all(all_taken);
    is_forking = false;
    if (all_taken) {
        pthread_mutex_unlock(&list_mutex);
        open_gate();
    }
}

void lock_on_fork(const LockForkHooks *hooks)
{
    pthread_mutex_lock(&list_mutex);
    fork_hooks = hooks;
    pthread_mutex_unlock(&list_mutex);
}

/* A constructor: later, a fork could be under way already. */
__attribute__((__constructor__)) void lock_watch_forks(void)
{
    static unsigned is_watching; /* a word, as in spin.h */

    if (!__atomic_exchange_n(&is_watching, 1, __ATOMIC_RELAXED)) {
        pthread_atfork(before_fork, in_parent, in_child);
    }
}

/* Locks the list. In fork() this thread has locked it already, and every lock in it. */
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
        make_known(lock); /* so that its first use waits for nobody */
    }
    return true;
}

/* Waits until no other thread walks under a lock. Called in fork(), when a handler of the program
 * wants a lock that fork() skipped. A child has no such thread. */
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
    /* Which branch is taken depends on the moment of the fork. */
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
