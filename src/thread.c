/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <pthread.h>

#include "cache.h"
#include "kernel.h"
#include "lock.h"
#include "sandbox.h"

/* From linux/membarrier.h, which not every system has. */
enum { PRIVATE_EXPEDITED = 1 << 3, REGISTER_PRIVATE_EXPEDITED = 1 << 4 };

enum { THREAD_ALL_SLOTS = (1 << THREAD_REGIONS) - 1 };

#define EMPTY &cache_none
#define EMPTY4 EMPTY, EMPTY, EMPTY, EMPTY
#if THREAD_REGIONS == 1
#define ALL_EMPTY EMPTY
#else
#define ALL_EMPTY EMPTY4, EMPTY4, EMPTY4, EMPTY4
#endif

__thread Thread thread_self = {.caches = {ALL_EMPTY}};

_Static_assert(THREAD_REGIONS == 1 || THREAD_REGIONS == 16,
               "as many as there are initializers above");

/* ns that a thread sleeps, and again, until another is not busy any more. That one is so for some tens of
 * instructions, if it is not interrupted; and then it may run only while this one does not. */
enum { PAUSE_MIN = 5000, PAUSE_MAX = 1000000 };

bool thread_fences = THREAD_SANITIZED;

/* Whether threads_restrict was called. */
static bool is_restricted;

/* Whether the kernel knows that it will be asked for fences. */
static bool is_registered;

/* A thread in fork() has the list, and has seized everything; it may use regions there, and all stays
 * so. */
static Spin list_lock;
static Thread *list_head;
static bool slots_taken[THREAD_REGIONS];

static void take_list(void)
{
    if (!lock_in_fork()) {
        spin_take(&list_lock);
    }
}

static void release_list(void)
{
    if (!lock_in_fork()) {
        spin_release(&list_lock);
    }
}

static pthread_key_t end_key;
static bool has_end_key;
static ThreadEnd *end_caches;

static bool ask_kernel(int command)
{
#ifdef SYS_membarrier
    return kernel_call(SYS_membarrier, command, 0, 0, 0, 0, 0) == 0;
#else
    (void)command;
    return false;
#endif
}

/* Changes to marks with fences. The list is locked, here and below. */
static void begin_fences(void)
{
    __atomic_store_n(&thread_fences, true, __ATOMIC_RELAXED);
    /* Whoever sets a mark right now has set it before this, or sees that it needs a fence. If the kernel refuses
     * what it did before: all that a thread has written is seen by all after a tiny part of this. */
    if (is_registered && !ask_kernel(PRIVATE_EXPEDITED)) {
        lock_pause(10000000);
    }
}

/* Makes all threads agree on what was written so far, their marks included. */
static void fence_all(void)
{
    if (!thread_fences && !ask_kernel(PRIVATE_EXPEDITED)) {
        begin_fences();
    }
    thread_fence();
}

static bool may_ask(void)
{
    return !is_restricted && !sandbox_is_inherited();
}

void threads_restrict(void)
{
    take_list();
    is_restricted = true;
    if (!thread_fences) {
        begin_fences();
    }
    release_list();
}

bool threads_begin_call(void)
{
    take_list();
    if (!may_ask()) {
        release_list();
        return false;
    }
    return true;
}

void threads_end_call(void)
{
    release_list();
}

static void link_in(Thread *self)
{
    take_list();
    self->next = list_head;
    self->previous = NULL;
    if (list_head != NULL) {
        list_head->previous = self;
    }
    list_head = self;
    self->known = true;
    release_list();
}

static void unlink_from(Thread *self)
{
    take_list();
    if (self->previous != NULL) {
        self->previous->next = self->next;
    } else {
        list_head = self->next;
    }
    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
    self->known = false;
    release_list();
}

static void end_thread(void *argument)
{
    Thread *self = argument;

    self->ended = true;
    for (size_t slot = 0; slot < THREAD_REGIONS; slot++) {
        if (self->owned[slot] != NULL) {
            end_caches(self, slot);
        }
    }
    unlink_from(self);
}

void thread_prepare(ThreadEnd *end)
{
    end_caches = end;
    take_list();
    if (!thread_fences) {
        is_registered = may_ask() && ask_kernel(REGISTER_PRIVATE_EXPEDITED);
        if (!is_registered) {
            begin_fences();
        }
    }
    release_list();
    has_end_key = pthread_key_create(&end_key, end_thread) == 0;
}

static void show(Thread *thread, size_t slot, Cache *cache)
{
    __atomic_store_n(&thread->caches[slot], cache == NULL ? EMPTY : cache,
                     THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_RELEASE);
}

Cache *thread_take_own(size_t slot)
{
    Cache *cache;

    thread_enter();
    cache = thread_cache(slot);
    return cache == EMPTY ? NULL : cache;
}

void thread_release_own(void)
{
    thread_leave();
}

bool thread_find_slot(size_t *slot)
{
    bool found = false;

    take_list();
    for (*slot = 0; *slot < THREAD_REGIONS; ++*slot) {
        if (!slots_taken[*slot]) {
            slots_taken[*slot] = found = true;
            break;
        }
    }
    release_list();
    return found;
}

void thread_drop_slot(size_t slot)
{
    take_list();
    for (Thread *thread = list_head; thread != NULL; thread = thread->next) {
        show(thread, slot, NULL);
        thread->owned[slot] = NULL;
        thread->calls[slot] = 0;
    }
    slots_taken[slot] = false;
    release_list();
}

bool thread_make_known(Thread *self)
{
    bool done;

    if (self->known) {
        return true;
    }
    if (!has_end_key || self->entering) {
        return false;
    }
    self->entering = true; /* what follows may allocate, and come here again */
    done = pthread_setspecific(end_key, self) == 0;
    self->entering = false;
    if (done) {
        link_in(self);
    }
    return done;
}

void thread_set_cache(Thread *self, size_t slot, Cache *cache)
{
    self->owned[slot] = cache;
    show(self, slot, cache);
}

/* Whether a thread is not the caller, and has caches of some slots. Shows it these, or the empty one. */
static bool show_others(Thread *thread, unsigned slots, bool seized)
{
    bool owner = false;

    for (size_t slot = 0; slot < THREAD_REGIONS && thread != &thread_self; slot++) {
        if ((slots >> slot & 1) != 0 && thread->owned[slot] != NULL) {
            show(thread, slot, seized ? NULL : thread->owned[slot]);
            owner = true;
        }
    }
    return owner;
}

static bool is_busy(const Thread *thread)
{
    return __atomic_load_n(&thread->busy, THREAD_SANITIZED ? __ATOMIC_SEQ_CST : __ATOMIC_ACQUIRE);
}

static void wait_for(const Thread *thread)
{
    for (long ns = PAUSE_MIN; is_busy(thread);) {
        lock_pause(ns);
        ns = ns < PAUSE_MAX ? 2 * ns : ns;
    }
}

static void seize(unsigned slots)
{
    bool others = false;

    spin_take(&list_lock);
    for (Thread *thread = list_head; thread != NULL; thread = thread->next) {
        others |= show_others(thread, slots, true);
    }
    if (others) {
        fence_all();
    }
    for (Thread *thread = list_head; thread != NULL && others; thread = thread->next) {
        if (show_others(thread, slots, true)) {
            wait_for(thread);
        }
    }
}

static void release(unsigned slots)
{
    for (Thread *thread = list_head; thread != NULL; thread = thread->next) {
        show_others(thread, slots, false);
    }
    spin_release(&list_lock);
}

Thread *threads_seize(unsigned slots)
{
    if (!lock_in_fork()) {
        seize(slots);
    }
    return list_head;
}

void threads_release(unsigned slots)
{
    if (!lock_in_fork()) {
        release(slots);
    }
}

void threads_before_fork(void)
{
    seize(THREAD_ALL_SLOTS);
}

void threads_in_parent(void)
{
    release(THREAD_ALL_SLOTS);
}

void threads_in_child(void (*lost)(Cache *cache))
{
    for (Thread *thread = list_head; thread != NULL; thread = thread->next) {
        for (size_t slot = 0; slot < THREAD_REGIONS && thread != &thread_self; slot++) {
            if (thread->owned[slot] != NULL) {
                lost(thread->owned[slot]);
            }
        }
    }
    thread_self.next = thread_self.previous = NULL;
    list_head = thread_self.known ? &thread_self : NULL;
    spin_release(&list_lock);
}
