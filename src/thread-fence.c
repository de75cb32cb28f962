/* SPDX-License-Identifier: MIT
 *
 * How threads are made to agree on what was written: by the kernel, or by a fence with each mark. */
#include "kernel.h"
#include "sandbox.h"
#include "thread.h"

/* From linux/membarrier.h, which not every system has. */
enum { PRIVATE_EXPEDITED = 1 << 3, REGISTER_PRIVATE_EXPEDITED = 1 << 4 };

bool thread_fences = THREAD_SANITIZED;

/* Whether threads_restrict was called. */
static bool is_restricted;

/* Whether the kernel knows that it will be asked for fences. */
static bool is_registered;

static bool ask_kernel(int command)
{
#ifdef SYS_membarrier
    return kernel_call(SYS_membarrier, command, 0, 0, 0, 0, 0) == 0;
#else
    (void)command;
    return false;
#endif
}

/* Changes to marks with fences. Records are locked, here and below. */
static void begin_fences(void)
{
    __atomic_store_n(&thread_fences, true, __ATOMIC_RELAXED);
    /* Whoever sets a mark right now has set it before this, or sees that it needs a fence. If the kernel refuses
     * what it did before: all that a thread has written is seen by all after a tiny part of this. */
    if (is_registered && !ask_kernel(PRIVATE_EXPEDITED)) {
        lock_pause(10000000);
    }
}

static bool may_ask(void)
{
    return !is_restricted && !sandbox_is_inherited();
}

void threads_prepare_fences(void)
{
    threads_lock();
    if (!thread_fences) {
        is_registered = may_ask() && ask_kernel(REGISTER_PRIVATE_EXPEDITED);
        if (!is_registered) {
            begin_fences();
        }
    }
    threads_unlock();
}

void threads_fence(void)
{
    if (!thread_fences && !ask_kernel(PRIVATE_EXPEDITED)) {
        begin_fences();
    }
    thread_fence();
}

void threads_restrict(void)
{
    threads_lock();
    is_restricted = true;
    if (!thread_fences) {
        begin_fences();
    }
    threads_unlock();
}

bool threads_begin_call(void)
{
    threads_lock();
    if (!may_ask()) {
        threads_unlock();
        return false;
    }
    return true;
}

void threads_end_call(void)
{
    threads_unlock();
}
