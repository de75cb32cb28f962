/* SPDX-License-Identifier: MIT
 *
 * Threads that free the same block at once: the owner of its span, a former or later owner, and
 * others. See "Two threads that free the same block" in doc/DESIGN.md. This models
 * src/cache/inbox.c, cache.c, span.c and src/region/caches-free.c.
 *
 * There is one span with one block, which the program has at the beginning. Each thread frees the
 * block, whether or not the program has it then. An owner also allocates it, collects, fills its
 * stack, gives the span back, and takes it again; all in any order. These properties hold:
 *
 *   - Each lifetime of a block is ended by exactly one successful free.
 *   - The block is not handed out while the program has it.
 *   - A call is told that the block was freed twice only if another call frees it.
 *   - A free block is found: on the stack, in a loose span, or in an inbox, perhaps a former
 *     owner's.
 *   - Size says that a freed block is no block.
 *
 * Hiding all caches is one step here; hide.pml justifies that.
 *
 * OWNERS: 1 or 2; FREERS: other threads; STEPS, LATER_STEPS: operations of the first owner, of the
 * second one; SIZE: threads ask for the size of what they have freed; OWN_POSTS: the span is posted
 * for this block only, not for others of it. Each of the following leaves one rule out, and then
 * something goes wrong:
 *
 *   NO_OWNER_FENCE     the owner has no fence between clearing the live bit and reading the remote bit
 *   NO_SECOND_LOOK     another thread does not read the live bit after setting the remote bit
 *   NO_TAG             another thread does not read the tag then
 *   NO_ACQUIRE_FENCE   it has no fence between these two; C11 only
 *   NO_TAKE_FENCE      an owner has no fence after the tags of a new span; C11 only
 *   NO_DROP_FENCE      an owner that gives a span back has no fence before it reads remote bits; C11 only
 *   NO_FORWARD         an owner drops spans of another one that it finds in its inbox
 *   KEEP_FOREIGN       an owner collects spans of another one that it finds in its inbox
 *   OWN_INBOX          watching stops if the owner's inbox is empty, whatever is in others
 *   REMOTE_FIRST       collecting clears the remote bit before the live bit
 *   UNDO               a thread that meets the owner clears its remote bit itself
 *   SKIP_REMOTE        a stack is not filled with blocks that have a remote bit
 *   NO_COLLECT_FENCE   no fence between posted and the remote bits; C11 only
 *   RELAXED_POINTER    a thread may see its cache again before what was done meanwhile; C11 only
 *   LIVE_FIRST         Size reads the live bit first
 *   NO_LATE_POST       asserts something false: no remote bit waits in the inbox of a former owner
 */

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
#define POSTED 2 /* 0: in no inbox; else the owner of its inbox */
#define TAG 3    /* 0: the heap's; else its owner */

#include "memory.pml"

#define MINE (me + 1)

bool watched[OWNERS];
bool on_stack, loose; /* of the owner of the span */
bool in_heap;         /* the block belongs to the heap, and the program has it */
byte busy;            /* threads that use caches */

/* A record of events, for the assertions. */
byte allocator;   /* the thread that allocated the block last */
byte allocs = 1;  /* times that the program got the block */
byte frees;       /* calls that succeeded */
byte pending;     /* calls under way */
byte refused;     /* the latest lifetime of the block in which a refused call began */
byte done;        /* threads that have finished */

#define ENTER() busy++
#define LEAVE() busy--

/* Waits until no cache is in use; then all caches are hidden, and the region is locked. */
#define HIDDEN() (busy == 0 && LOCK_IS_FREE && ALL_VISIBLE) -> FENCE_ALL()

/* Makes a thread that uses caches again see what was done. */
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

/* Begins a call. The thread has been told of the block after it was handed out, or has an old
 * pointer. */
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

/* Puts the span into an inbox, unless it is in one. */
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

/* Pushes the block. A full stack forgets blocks, whose spans become loose. */
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

/* Settles: a block that the program has becomes a block of the heap. */
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

/* Posts the span for another block of it, present or former, whoever owns the span by now. */
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

/* Asserts what must hold at the end, after owners have emptied their inboxes. */
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

/* Decides after two frees of the block have met. */
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

/* Asserts that Size finds no freed block, in a thread that knows of all events. */
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
