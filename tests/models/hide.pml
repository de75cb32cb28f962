/* SPDX-License-Identifier: MIT
 *
 * One thread keeps all others from using their caches, changes what they use, and lets them go on.
 * See src/cache/thread.h. Each of the others marks itself busy, reads where its cache is, uses it,
 * and clears the mark. These properties hold:
 *
 *   - While caches are hidden, no thread uses one.
 *   - A user sees everything done while caches were hidden; the hiding thread sees everything that
 *     users did.
 *
 * With FENCES defined, as without membarrier(2), each mark comes with a fence, and the hiding
 * thread has one of its own. */

#define USERS 2
#define ROUNDS 2
#define THREADS (1 + USERS)
#define LOCATIONS 5
#define POINTER 0 /* 1: to the cache; 0: to the empty one */
#define SHARED 1  /* changed while caches are hidden */
#define USED 2    /* changed by the first user */
#define BUSY 3    /* the marks: this one and the next */

#include "memory.pml"

byte inside, used;
bool hidden_now;

proctype User(byte me)
{
    byte pick, got, round;

    for (round : 1 .. ROUNDS) {
        STORE(BUSY + me - 1, 1);
#ifdef FENCES
        FENCE();
#endif
#ifdef RELAXED_POINTER
        LOAD(POINTER, got);
#else
        LOAD_ACQUIRE(POINTER, got);
#endif
        if
        :: got == 1 ->
            inside++;
            assert(!hidden_now);
            LOAD(SHARED, got);
            assert(got == LATEST_OF(0, SHARED));
            if
            :: me == 1 ->
                atomic {
                    STORE(USED, round);
                    used = round
                }
            :: else
            fi;
            inside--
        :: else
        fi;
        got = 0;
        STORE_RELEASE(BUSY + me - 1, 0)
    }
}

active proctype Hider()
{
    byte me = 0;
    byte pick, got, round, user;

    atomic {
        EXCHANGE(POINTER, got, 1);
        got = 0;
        for (user : 1 .. USERS) {
            run User(user)
        }
    }
    for (round : 1 .. ROUNDS) {
        STORE_RELEASE(POINTER, 0);
#ifdef FENCES
        FENCE();
#elif defined(NO_MEMBARRIER)
        FENCE();
#else
        FENCE_ALL();
#endif
        for (user : 0 .. USERS - 1) {
            do
            :: LOAD_ACQUIRE(BUSY + user, got);
                if
                :: got == 0 -> break
                :: else
                fi
            od
        }
        hidden_now = true;
        assert(inside == 0);
        LOAD(USED, got);
        assert(got == used);
        STORE(SHARED, round);
        hidden_now = false;
        STORE_RELEASE(POINTER, 1)
    }
}
