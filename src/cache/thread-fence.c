/* SPDX-License-Identifier: MIT
 *
 * Makes threads agree on what was written: by the kernel, or by a fence with each mark. */
#include "cache/thread.h"
#include "os/kernel.h"
#include "os/sandbox.h"
#include "os/spin.h"

/* Constants of linux/membarrier.h, which not every system has. */
enum { PRIVATE_EXPEDITED = 1 << 3, REGISTER_PRIVATE_EXPEDITED = 1 << 4 };

bool thread_fences = THREAD_SANITIZED;

/* Held during other calls that a filter may forbid, which may take long. fork() does not wait for
 * it: a signal handler may fork in the middle of one. */
static Spin call_lock;

/* Whether threads_restrict was called. */
static bool is_restricted;

/* Whether the process has registered for membarrier(2). */
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

/* Switches to marks with fences. Records are locked, here and below. */
static void begin_fences(void)
{
    thread_fences = true;
    threads_use_fences();
    /* A thread that sets a mark right now has set it before this fence, or sees that it needs one.
     * If the kernel refuses suddenly, a pause suffices: all processors see a store after a tiny
     * part of it. */
    if (is_registered && !ask_kernel(PRIVATE_EXPEDITED)) {
        lock_pause(10000000);
    }
}

static bool may_ask(void)
{
    return !__atomic_load_n(&is_restricted, __ATOMIC_RELAXED) && !sandbox_is_inherited();
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
    lock_take_spin(&call_lock);
    __atomic_store_n(&is_restricted, true, __ATOMIC_RELAXED);
    lock_release_spin(&call_lock);
    threads_lock();
    if (!thread_fences) {
        begin_fences();
    }
    threads_unlock();
}

bool threads_begin_call(void)
{
    lock_take_spin(&call_lock);
    if (!may_ask()) {
        lock_release_spin(&call_lock);
        return false;
    }
    return true;
}

void threads_end_call(void)
{
    lock_release_spin(&call_lock);
}

void threads_lose_calls(void)
{
    spin_release(&call_lock);
}
