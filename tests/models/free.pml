/* SPDX-License-Identifier: MIT
 *
 * Threads that free the same block at once: one that owns its span, one that owned it or will, and others. See "Two
 * threads that free the same block" in doc/DESIGN.md; what is modelled here is in src/cache/inbox.c, cache.c, span.c and
 * src/region/caches-free.c.
 *
 * There is one span, and in it one block, which the program has at the beginning. Each thread frees it, whether or not
 * the program has it then. An owner also allocates it, collects, fills its stack, gives the span back, and takes it anew;
 * all in any order. What follows holds:
 *
 *   - So many calls to free succeed as ended the time of a block of the program's: one each time.
 *   - The block is not handed out while the program has it.
 *   - A call is told that the block was freed twice only if another call frees it.
 *   - What the program does not have is found: on the stack, in a loose span, or in an inbox, be it one of a former owner.
 *   - Size says of a block that was freed that it is none.
 *
 * Keeping all threads from using caches is one step here: hide.pml shows why it may be.
 *
 * OWNERS: 1 or 2; FREERS: other threads; STEPS, LATER_STEPS: operations of the first owner, of the second one; SIZE: threads
 * ask for the size of what they have freed; OWN_POSTS: the span is posted for this block only, not for others of it. Each of these takes one rule out, and something goes wrong then:
 *
 *   NO_OWNER_FENCE     the owner reads the remote bit without a fence after it cleared the live bit
 *   NO_SECOND_LOOK     another thread does not look at the live bit after it set the remote bit
 *   NO_TAG             another thread does not look at the tag then
 *   NO_ACQUIRE_FENCE   it looks without a fence between; C11 only
 *   NO_TAKE_FENCE      who takes a span has no fence after its tags; C11 only
 *   NO_DROP_FENCE      who gives a span back has no fence before it looks at remote bits; C11 only
 *   NO_FORWARD         an owner drops what it finds in its inbox of another's
 *   KEEP_FOREIGN       an owner collects what it finds in its inbox of another's
 *   OWN_INBOX          an owner is watched no more if nothing is in its own inbox, whatever is in others'
 *   REMOTE_FIRST       collecting clears the remote bit before the live bit
 *   UNDO               a thread that meets the owner clears its remote bit itself
 *   SKIP_REMOTE        a stack is not filled with blocks that have a remote bit
 *   NO_COLLECT_FENCE   no fence between posted and the remote bits; C11 only
 *   RELAXED_POINTER    a thread may see its cache again and what was done meanwhile not; C11 only
 *   LIVE_FIRST         Size reads the live bit first
 *   NO_LATE_POST       asks for something that does not hold: no remote bit waits in the inbox of a former owner */

#ifndef OWNERS
#define OWNERS 2
#endif
#ifndef FREERS
#define FREERS 1
#endif
#ifndef STEPS
#define STEPS 3
#endif
#ifndef LATER_STEPS
#define LATER_STEPS STEPS
#endif

#define THREADS (OWNERS + FREERS)
#define LOCATIONS 4
#define LIVE 0
#define REMOTE 1
#define POSTED 2 /* 0: in no inbox; else the number of the owner whose inbox it is in */
#define TAG 3    /* 0: the heap's; else the number of its owner */

#include "memory.pml"

#define MINE (me + 1)

bool watched[OWNERS];
bool on_stack, loose; /* of the owner that has the span */
bool in_heap;         /* the block became the heap's, and the program has it */
byte busy;            /* threads that use caches */

/* What happened, for what must hold. */
byte allocator;   /* who allocated the block last */
byte allocs = 1;  /* times that the program got the block */
byte frees;       /* calls that succeeded */
byte pending;     /* calls that are under way */
byte refused;     /* the latest time of the block in which a call began that was told "twice" */
byte done;        /* threads that are */

#define ENTER() busy++
#define LEAVE() busy--

/* With all threads kept from using caches, and the region locked. */
#define HIDDEN() (busy == 0 && LOCK_IS_FREE && ALL_VISIBLE) -> FENCE_ALL()

/* A thread that uses caches again sees what was done. */
#if defined(C11) && !defined(RELAXED_POINTER)
#define SHOWN() FENCE_ALL()
#else
#define SHOWN() skip
#endif

inline set_hidden(location, stored)
{
    EXCHANGE(location, got, stored);
    got = 0
}

/* A call begins. The program has told the thread of the block after an owner returned it; or it has an old pointer. */
inline begin()
{
    atomic {
        if
        :: VISIBLE(allocator) ->
            SEE_ALL_OF(allocator);
            time = allocs
        :: time = 0
        fi;
        pending++
    }
}

inline succeed()
{
    d_step {
        pending--;
        frees++;
        assert(frees <= allocs);
        time = 0
    }
}

inline be_refused()
{
    d_step {
        pending--;
        assert(frees + pending >= time);
        refused = (time > refused -> time : refused);
        time = 0
    }
}

/* Puts the span into an inbox, if it is in none. */
inline post_to(owner)
{
    LOAD(POSTED, got);
    if
    :: got == 0 ->
        atomic {
            VISIBLE(me);
            if
            :: IN_MEMORY(POSTED) == 0 -> EXCHANGE(POSTED, got, owner)
            :: else
            fi
        }
    :: else
    fi;
    got = 0
}

/* ------------------------------------------------------------------------------------------------
 * Owners
 * --------------------------------------------------------------------------------------------- */

inline allocate()
{
    ENTER();
    assert(LATEST(LIVE) == 0);
    atomic {
        STORE(LIVE, 1);
        on_stack = false;
        allocator = me;
        allocs++;
        assert(allocs <= 1 + frees + pending)
    }
    LEAVE()
}

/* A stack that is full forgets some, whose spans are loose then. */
inline push()
{
    assert(!on_stack);
    if
    :: on_stack = true
    :: loose = true
    fi
}

inline free_own()
{
    d_step {
        time = (allocator == me -> allocs : 0);
        pending++
    }
    ENTER();
    if
    :: LATEST(LIVE) == 0 ->
        be_refused()
    :: else ->
        STORE(LIVE, 0);
        got = 0;
        if
        :: watched[me] ->
#ifndef NO_OWNER_FENCE
            FENCE();
#endif
            LOAD(REMOTE, got)
        :: else
        fi;
        if
        :: got == 0 ->
            push();
            succeed()
        :: else ->
#ifdef UNDO
            loose = true;
#else
            EXCHANGE(REMOTE, got, 0);
            assert(got == 1);
            push();
#endif
            be_refused()
        fi;
        got = 0
    fi;
    LEAVE()
}

inline free_in_heap()
{
    atomic {
        LOCK_IS_FREE ->
        if
        :: in_heap ->
            in_heap = false;
            succeed()
        :: else ->
            be_refused()
        fi
    }
}

inline collect()
{
    ENTER();
    LOAD_ACQUIRE(POSTED, got);
    if
    :: got == MINE ->
#ifdef NO_COLLECT_FENCE
        STORE_RELEASE(POSTED, 0);
#else
        STORE(POSTED, 0);
        FENCE();
#endif
        LOAD(TAG, tag);
#ifdef KEEP_FOREIGN
        tag = MINE;
#endif
        if
        :: tag == MINE ->
            LOAD_ACQUIRE(REMOTE, got);
#ifdef REMOTE_FIRST
            if
            :: got == 1 ->
                EXCHANGE(REMOTE, got, 0);
                if
                :: got == 1 && LATEST(LIVE) == 1 -> STORE(LIVE, 0)
                :: else
                fi
            :: else
            fi;
#else
            if
            :: got == 1 && LATEST(LIVE) == 1 ->
                STORE(LIVE, 0);
                EXCHANGE(REMOTE, got, 0);
                assert(got == 1)
            :: else
            fi;
#endif
            loose = true
        :: tag != MINE && tag != 0 ->
#ifndef NO_FORWARD
            post_to(tag)
#else
            skip
#endif
        :: tag == 0
        fi;
        tag = 0
    :: else
    fi;
    got = 0;
    LEAVE()
}

inline refill()
{
    ENTER();
    got = 0;
#ifdef SKIP_REMOTE
    LOAD(REMOTE, got);
#endif
    on_stack = (LATEST(LIVE) == 0 && got == 0);
    got = 0;
    loose = false;
    LEAVE()
}

/* Gives an empty span back to the heap. */
inline drop()
{
    TAKE_LOCK();
#ifndef NO_DROP_FENCE
    FENCE();
#endif
    LOAD(REMOTE, got);
    if
    :: got == 0 -> LOAD(POSTED, got)
    :: else
    fi;
    if
    :: got == 0 ->
        on_stack = false;
        loose = false;
        STORE(TAG, 0)
    :: else
    fi;
    got = 0;
    GIVE_LOCK()
}

inline take_span()
{
    TAKE_LOCK();
    if
    :: LATEST(TAG) == 0 && !in_heap ->
        loose = true;
        STORE(TAG, MINE);
#ifndef NO_TAKE_FENCE
        FENCE_RELEASE()
#endif
    :: else
    fi;
    GIVE_LOCK()
}

/* For lack of memory: what is the program's becomes a block of the heap's. */
inline settle()
{
    atomic {
        HIDDEN();
        if
        :: LATEST(REMOTE) == 1 && LATEST(LIVE) == 1 ->
            set_hidden(LIVE, 0);
            set_hidden(REMOTE, 0)
        :: else
#ifdef REMOTE_FIRST
            -> set_hidden(REMOTE, 0)
#endif
        fi;
        if
        :: LATEST(LIVE) == 1 ->
            in_heap = true;
            set_hidden(LIVE, 0)
        :: else
        fi;
        set_hidden(POSTED, 0);
        on_stack = false;
        loose = false;
        set_hidden(TAG, 0);
        SHOWN()
    }
}

inline stop_watching()
{
    atomic {
        HIDDEN();
#ifdef OWN_INBOX
        watched[me] = (LATEST(POSTED) == MINE)
#else
        watched[me] = (LATEST(POSTED) != 0)
#endif
    }
}

/* A thread posts the span: for another block of it, or for one that was, be the span whosever it is by now. */
inline post_for_other()
{
    atomic {
        VISIBLE(me) ->
        if
        :: IN_MEMORY(POSTED) == 0 ->
            EXCHANGE(POSTED, got, MINE);
            got = 0
        :: else
        fi
    }
}

/* What must hold when all is done, and owners have looked into their inboxes. */
inline look_at_all()
{
#ifdef NO_LATE_POST
    assert(LATEST(TAG) == 0 || LATEST(LIVE) == 0 || LATEST(REMOTE) == 0 || LATEST(POSTED) == LATEST(TAG));
#endif
    if
    :: LATEST(TAG) == 0 ->
        assert(allocs == frees + in_heap)
    :: else ->
        if
        :: LATEST(POSTED) != 0 && LATEST(REMOTE) == 1 && LATEST(LIVE) == 1 ->
            set_hidden(LIVE, 0);
            set_hidden(REMOTE, 0);
            loose = true
        :: else
        fi;
        assert(!in_heap);
        assert(LATEST(REMOTE) == 0);
        assert(allocs == frees + LATEST(LIVE));
        assert(LATEST(LIVE) == 1 || on_stack || loose || LATEST(POSTED) != 0)
    fi;
    assert(refused <= frees)
}

proctype Owner(byte me; byte steps)
{
    byte pick, got, tag, time;

    do
    :: steps == 0 -> break
    :: steps > 0 ->
        steps--;
        if
        :: LATEST(TAG) == 0 && !in_heap -> take_span()
        :: LATEST(TAG) == 0 && in_heap ->
            d_step {
                time = 0;
                pending++
            }
            free_in_heap()
        :: LATEST(TAG) == MINE && on_stack -> allocate()
        :: LATEST(TAG) == MINE -> free_own()
        :: LATEST(POSTED) == MINE -> collect()
        :: LATEST(TAG) == MINE && loose && !on_stack -> refill()
        :: LATEST(TAG) == MINE && loose && LATEST(LIVE) == 0 -> drop()
        :: LATEST(TAG) == MINE -> settle()
#ifndef OWN_POSTS
        :: IN_MEMORY(POSTED) == 0 -> post_for_other()
#endif
        :: watched[me] -> stop_watching()
        :: steps = 0
        fi
    od;
    done++;
    if
    :: me == 0 ->
        atomic {
            (done == THREADS && ALL_VISIBLE) ->
            FENCE_ALL();
            look_at_all()
        }
    :: else -> REST()
    fi
}

/* ------------------------------------------------------------------------------------------------
 * Other threads
 * --------------------------------------------------------------------------------------------- */

/* Two frees of the block have met. */
inline decide()
{
    atomic {
        HIDDEN();
        if
        :: LATEST(REMOTE) == 0 ->
            succeed()
        :: LATEST(REMOTE) == 1 && LATEST(LIVE) == 0 ->
            set_hidden(REMOTE, 0);
            be_refused()
        :: LATEST(REMOTE) == 1 && LATEST(LIVE) == 1 ->
            watched[LATEST(TAG) - 1] = true;
            if
            :: LATEST(POSTED) == 0 ->
                tag = LATEST(TAG);
                set_hidden(POSTED, tag)
            :: else
            fi;
            succeed()
        fi;
        SHOWN()
    }
}

/* What was freed, and not allocated since, is no block: for a thread that knows of all that happened. */
inline look_at_size()
{
    atomic {
        ALL_VISIBLE ->
        SEE_ALL_OF(0);
        SEE_ALL_OF(1);
        SEE_ALL_OF(THREADS / 2);
        SEE_ALL_OF(THREADS - 1);
        time = (frees == allocs && pending == 0 -> allocs : 0)
    }
    if
    :: time != 0 ->
#ifdef LIVE_FIRST
        LOAD(LIVE, got);
        if
        :: got == 1 ->
            LOAD(REMOTE, got);
            got = 1 - got
        :: else
        fi;
#else
        LOAD_ACQUIRE(REMOTE, got);
        if
        :: got == 0 -> LOAD(LIVE, got)
        :: else -> got = 0
        fi;
#endif
        assert(got == 0 || allocs != time)
    :: else
    fi;
    got = 0;
    time = 0
}

proctype Freer(byte me)
{
    byte pick, got, tag, time;

    begin();
again:
    ENTER();
    LOAD(TAG, tag);
    if
    :: tag == 0 ->
        LEAVE();
        free_in_heap()
    :: else ->
        LOAD(LIVE, got);
        if
        :: got == 0 ->
            be_refused();
            LEAVE()
        :: got == 1 && !watched[tag - 1] ->
            LEAVE();
            atomic {
                HIDDEN();
                if
                :: LATEST(TAG) != 0 -> watched[LATEST(TAG) - 1] = true
                :: else
                fi;
                SHOWN()
            }
            got = 0;
            goto again
        :: got == 1 && watched[tag - 1] ->
            EXCHANGE(REMOTE, got, 1);
            if
            :: got == 1 ->
                be_refused();
                LEAVE()
            :: else ->
                FENCE();
                got = 1;
#ifndef NO_SECOND_LOOK
                LOAD(LIVE, got);
#endif
                if
                :: got == 1 ->
#ifndef NO_ACQUIRE_FENCE
                    FENCE_ACQUIRE();
#endif
#ifndef NO_TAG
                    LOAD(TAG, got);
                    got = (got == tag)
#endif
                :: else
                fi;
                if
                :: got == 0 ->
#ifdef UNDO
                    EXCHANGE(REMOTE, got, 0);
                    be_refused();
                    LEAVE()
#else
                    LEAVE();
                    decide()
#endif
                :: else ->
                    post_to(tag);
                    succeed();
                    LEAVE()
                fi
            fi
        fi
    fi;
    got = 0;
    tag = 0;
#ifdef SIZE
    look_at_size();
#endif
    REST();
    done++
}

init
{
    byte me = 0;
    byte pick, got;

    atomic {
        set_hidden(LIVE, 1);
        set_hidden(TAG, 1);
        FENCE_ALL();
        if
        :: watched[0] = true
        :: true
        fi;
        run Owner(0, STEPS);
#if OWNERS == 2
        run Owner(1, LATER_STEPS);
#endif
        for (pick : OWNERS .. THREADS - 1) {
            run Freer(pick)
        }
        pick = 0
    }
}
