/* SPDX-License-Identifier: MIT */
#include "cache/thread.h"

#include <errno.h>

#include "cache/cache.h"
#include "os/lock.h"
#include "os/spin.h"

enum {
    THREAD_CALLS = 32, /* calls of a thread on a region before it gets a cache */
    THREAD_ALL_SLOTS = (1 << THREAD_REGIONS) - 1,
    RECORDS = THREAD_MODULE ? 4096 : 1024 /* threads that have caches at a time */
};

/* Looks at a busy thread before sleeping, and the shortest and longest sleep, in ns. A busy thread
 * is done after some tens of instructions, unless it is preempted; then it may run only while this
 * thread does not. */
enum { LOOKS = 100, PAUSE_MIN = 20000, PAUSE_MAX = 1000000 };

#define EMPTY &cache_none
#define EMPTY4 EMPTY, EMPTY, EMPTY, EMPTY
#if THREAD_REGIONS == 2
#define ALL_EMPTY EMPTY, EMPTY
#else
#define ALL_EMPTY EMPTY4, EMPTY4, EMPTY4, EMPTY4
#endif

Thread thread_none = {.fences = THREAD_SANITIZED, .caches = {ALL_EMPTY}};

__thread Thread *thread_self = &thread_none;

_Static_assert(THREAD_REGIONS == 2 || THREAD_REGIONS == 16, "as many as the initializers above");

/* State of a thread that has no record. */
__thread unsigned char thread_calls[THREAD_REGIONS];
static __thread bool is_entering; /* about to take a record */
static __thread bool is_barred;   /* never gets a record again */
static __thread Thread *claimed;  /* the record that is being claimed, or NULL */

/* Guards the following. A thread in fork() holds it, with all caches seized even while it uses
 * regions. */
static Spin list_lock;
static Thread records[RECORDS];
static size_t record_count; /* records from this one on were never used */
static bool slots_taken[THREAD_REGIONS];

static pthread_key_t end_key;
static bool has_end_key;
static ThreadLost *cache_lost;

/* The slots with hidden caches, a bit each, and for each the thread that has hidden them. */
static unsigned hidden;
static const void *hiders[THREAD_REGIONS];

void threads_lock(void)
{
    lock_take_spin(&list_lock);
}

void threads_unlock(void)
{
    lock_release_spin(&list_lock);
}

/* Returns the next record, or NULL. It may have no caches, and no owner. */
static Thread *next(Thread *thread)
{
    thread = thread == NULL ? records : thread + 1;
    return thread == records + record_count ? NULL : thread;
}

void threads_use_fences(void)
{
    for (Thread *thread = next(NULL); thread != NULL; thread = next(thread)) {
        __atomic_store_n(&thread->fences, true, __ATOMIC_RELAXED);
    }
}

static void show(Thread *thread, size_t slot, Cache *cache)
{
    __atomic_store_n(&thread->caches[slot], cache == NULL ? EMPTY : cache,
                     THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_RELEASE);
}

static void take_cache_away(Thread *thread, size_t slot)
{
    thread->owned[slot] = NULL;
    show(thread, slot, NULL);
}

/* Initializes the mutex of a record, released. Without robust mutexes it is a plain one: then a
 * thread that ends by the system call alone keeps its record. */
static void make_alive(Thread *thread)
{
    pthread_mutexattr_t attributes;
    bool done = false;

    if (pthread_mutexattr_init(&attributes) == 0) {
        done = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
               pthread_mutex_init(&thread->alive, &attributes) == 0;
        pthread_mutexattr_destroy(&attributes);
    }
    if (!done) {
        pthread_mutex_init(&thread->alive, NULL); /* GCOVR_EXCL_LINE */
    }
}

static bool is_busy(const Thread *thread)
{
    return __atomic_load_n(&thread->busy, THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_ACQUIRE);
}

/* Takes a record without an owner. If its last owner ended in the middle of a call, the state of
 * its caches is unknown: they are left alone, and their spans go back to the heap when the region
 * settles. */
static bool claim(Thread *thread)
{
    int result = pthread_mutex_trylock(&thread->alive);

    if (result == EOWNERDEAD) {
        pthread_mutex_consistent(&thread->alive);
    } else if (result != 0) {
        return false;
    }
    if (is_busy(thread)) {
        for (size_t slot = 0; slot < THREAD_REGIONS; slot++) {
            take_cache_away(thread, slot);
        }
        thread_leave(thread);
    }
    return true;
}

/* Gives the calling thread the first record without an owner. */
static void take_record(void)
{
    threads_lock();
    for (size_t i = 0; i < RECORDS; i++) {
        if (i == record_count) {
            make_alive(&records[i]);
            records[i].fences = thread_fences;
            for (size_t slot = 0; slot < THREAD_REGIONS; slot++) {
                take_cache_away(&records[i], slot);
            }
            record_count++;
        }
        claimed = &records[i];
        if (claim(claimed)) {
            thread_self = claimed;
            break;
        }
    }
    claimed = NULL;
    threads_unlock();
}

static void lose_cache(Thread *thread, size_t slot)
{
    Cache *cache = thread->owned[slot];

    if (cache != NULL) {
        take_cache_away(thread, slot);
        cache_lost(cache);
    }
}

/* Ends a thread. The key's value may be stale memory of a thread that ended by the system call
 * alone. */
static void end_thread(void *unused)
{
    Thread *self = thread_self;

    (void)unused;
    is_barred = true;
    if (self == &thread_none) {
        return;
    }
    threads_lock();
    for (size_t slot = 0; slot < THREAD_REGIONS; slot++) {
        lose_cache(self, slot);
    }
    threads_unlock();
    thread_self = &thread_none;
    pthread_mutex_unlock(&self->alive);
}

void thread_prepare(ThreadLost *lost)
{
    cache_lost = lost;
    threads_prepare_fences();
    has_end_key = pthread_key_create(&end_key, end_thread) == 0;
}

Cache *thread_take_own(size_t slot)
{
    Cache *cache;

    thread_enter(thread_self);
    cache = thread_cache(thread_self, slot);
    return cache == EMPTY ? NULL : cache;
}

void thread_release_own(void)
{
    thread_leave(thread_self);
}

bool thread_find_slot(size_t *slot)
{
    bool found = false;

    threads_lock();
    for (*slot = 0; *slot < THREAD_REGIONS; ++*slot) {
        if (!slots_taken[*slot]) {
            slots_taken[*slot] = found = true;
            break;
        }
    }
    threads_unlock();
    return found;
}

void thread_drop_slot(size_t slot)
{
    threads_lock();
    for (Thread *thread = next(NULL); thread != NULL; thread = next(thread)) {
        take_cache_away(thread, slot);
    }
    hidden &= ~(1U << slot);
    slots_taken[slot] = false;
    threads_unlock();
}

bool thread_count_call(size_t slot, bool at_once)
{
    if (is_barred) {
        return false;
    }
    if (thread_calls[slot] < THREAD_CALLS && !at_once) {
        thread_calls[slot]++;
        return false;
    }
    thread_calls[slot] = 0; /* until the next attempt */
    return true;
}

bool thread_make_known(void)
{
    bool done;

    if (thread_self != &thread_none) {
        return true;
    }
    if (!has_end_key || is_entering || is_barred) {
        return false;
    }
    is_entering = true; /* setting the key may allocate, and come here again */
    done = pthread_setspecific(end_key, &end_key) == 0;
    is_entering = false;
    if (done) {
        take_record();
        is_barred = thread_self == &thread_none;
    }
    return done && !is_barred;
}

void thread_set_cache(Thread *self, size_t slot, Cache *cache)
{
    threads_lock();
    self->owned[slot] = cache;
    show(self, slot, (hidden >> slot & 1) != 0 ? NULL : cache);
    threads_unlock();
}

/* Points a record at its caches of some slots, or at the empty one. Returns whether it has any and
 * is not the caller's. */
static bool show_slots(Thread *thread, unsigned slots, bool seized)
{
    bool owner = false;

    for (size_t slot = 0; slot < THREAD_REGIONS; slot++) {
        if ((slots >> slot & 1) != 0 && thread->owned[slot] != NULL) {
            show(thread, slot, seized ? NULL : thread->owned[slot]);
            owner = true;
        }
    }
    return owner && thread != thread_self;
}

/* Waits until a thread is idle or gone. */
static void wait_for(Thread *thread)
{
    long ns = PAUSE_MIN;

    for (int i = 0; i < LOOKS && is_busy(thread); i++) {
        spin_relax();
    }
    while (is_busy(thread)) {
        if (claim(thread)) {
            pthread_mutex_unlock(&thread->alive);
        } else {
            lock_pause(ns);
            ns = ns < PAUSE_MAX ? 2 * ns : ns;
        }
    }
}

/* Keeps all threads from using their caches of some slots. Records are locked, here and below. */
static void seize(unsigned slots)
{
    bool others = false;

    for (Thread *thread = next(NULL); thread != NULL; thread = next(thread)) {
        others |= show_slots(thread, slots, true);
    }
    if (others) {
        threads_fence();
    }
    for (Thread *thread = next(NULL); thread != NULL && others; thread = next(thread)) {
        if (show_slots(thread, slots, true)) {
            wait_for(thread);
        }
    }
}

static void release(unsigned slots)
{
    for (Thread *thread = next(NULL); thread != NULL; thread = next(thread)) {
        show_slots(thread, slots, false);
    }
}

/* In fork() all caches are seized already. */
void threads_hide(size_t slot)
{
    threads_lock();
    hidden |= 1U << slot;
    hiders[slot] = &thread_self;
    if (!lock_in_fork()) {
        seize(1U << slot);
    }
    threads_unlock();
}

void threads_show(size_t slot)
{
    threads_lock();
    hidden &= ~(1U << slot);
    if (!lock_in_fork()) {
        release(1U << slot);
    }
    threads_unlock();
}

/* Releases this thread's robust mutex: the child must start with an empty list of held ones. */
void threads_before_fork(void)
{
    spin_take(&list_lock);
    seize(THREAD_ALL_SLOTS);
    if (thread_self != &thread_none) {
        pthread_mutex_unlock(&thread_self->alive);
    }
}

/* Takes the mutex of this thread's record, which no thread ever waits for: it has no lock order. */
static void take_alive(void)
{
    if (thread_self != &thread_none) {
        (void)pthread_mutex_trylock(&thread_self->alive);
    }
}

void threads_in_parent(void)
{
    take_alive();
    release(~hidden);
    spin_release(&list_lock);
}

/* Shows slots that another thread had hidden: it was only looking. A signal handler may have forked
 * while this thread claimed a record: that one's mutex is left as it is. */
void threads_in_child(void)
{
    for (size_t slot = 0; slot < THREAD_REGIONS; slot++) {
        if (hiders[slot] != &thread_self) {
            hidden &= ~(1U << slot);
        }
    }
    for (Thread *thread = next(NULL); thread != NULL; thread = next(thread)) {
        if (thread != claimed) {
            make_alive(thread);
        }
        for (size_t slot = 0; slot < THREAD_REGIONS && thread != thread_self; slot++) {
            lose_cache(thread, slot);
        }
    }
    take_alive();
    release(~hidden);
    threads_lose_calls();
    spin_release(&list_lock);
}
